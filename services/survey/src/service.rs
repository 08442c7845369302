//! What every operation of this service needs.

use std::sync::Arc;

use prima_platform::{command, service::Context, vault::Keyring};

use crate::{
    derived::{self, results::Counter},
    domain::release::Rules,
    events::survey_result::Results,
    intake::Intake,
};

/// The platform, the intake of responses and the watched results; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The platform.
    pub context: Context,
    /// The intake, which stores responses.
    pub intake: Intake,
    /// Encrypts and decrypts the texts of respondents.
    pub vault: Keyring,
    /// Counts stored responses before a read.
    pub counter: Arc<Counter>,
    /// The watch channels of watched results.
    pub results: Arc<Results>,
}

impl App {
    /// The rules by which figures are released.
    pub fn rules(&self) -> Rules {
        derived::rules(&self.context.config.survey)
    }
}

impl command::App for App {
    fn context(&self) -> &Context {
        &self.context
    }
}
