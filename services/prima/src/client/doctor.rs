//! `prima doctor`: what was accepted and is not counted, asked of every service.

use std::process::ExitCode;

use anyhow::bail;
use prima_proto::{
    complaint::v1 as complaint, index::v1 as index, innovation::v1 as innovation, ranking::v1 as ranking,
    scope::Scope, survey::v1 as survey,
};
use tonic::{Code, Status};

use super::call::pages;
use super::connect::Connection;
use super::print::{
    self,
    doctor::{Figures, Item},
};
use super::{PARTIAL, fault};
use crate::cli::{DoctorCommand, DoctorFiguresArgs};

pub(super) async fn run(connection: &Connection, command: DoctorCommand) -> anyhow::Result<ExitCode> {
    match command {
        DoctorCommand::Figures(args) => figures(connection, &args).await,
    }
}

/// Reads what one service lists, which has the same fields in the contract of each.
macro_rules! reader {
    ($service:ident) => {
        async fn $service(connection: &Connection, parent: &str) -> anyhow::Result<Vec<Item>> {
            let client = connection.$service().await?;
            let message = $service::ListUncountedFiguresRequest {
                parent: parent.to_owned(),
                ..Default::default()
            };
            let all = pages!(client, list_uncounted_figures, message, figures);
            let item = |figure: $service::UncountedFigure| Item {
                service: stringify!($service),
                kind: figure.kind,
                kind_display_name: figure.kind_display_name,
                name: figure.name,
                subject: figure.subject,
                period: figure.period,
                since: figure
                    .since_time
                    .as_ref()
                    .and_then(prima_platform::clock::from_proto),
                reason: figure.reason,
                action: figure.action,
            };
            Ok(all.figures.into_iter().map(item).collect())
        }
    };
}

reader!(survey);
reader!(complaint);
reader!(index);
reader!(innovation);
reader!(ranking);

async fn figures(connection: &Connection, args: &DoctorFiguresArgs) -> anyhow::Result<ExitCode> {
    let parent = parent(args)?;
    let answers = [
        ("survei", survey(connection, &parent).await),
        ("pengaduan", complaint(connection, &parent).await),
        ("indeks", index(connection, &parent).await),
        ("inovasi", innovation(connection, &parent).await),
        ("peringkat", ranking(connection, &parent).await),
    ];
    let all_denied = answers
        .iter()
        .all(|(_, answer)| answer.as_ref().is_err_and(denied));
    let mut figures = Figures::default();
    let mut failed = false;
    for (service, answer) in answers {
        match answer {
            Ok(items) => figures.items.extend(items),
            // Such as an evaluator, who may not ask about complaints.
            Err(error) if !all_denied && denied(&error) => print::note(&format!(
                "Token ini tidak boleh menanyai layanan {service}; daftar ini tanpa yang tidak terhitung di sana"
            )),
            Err(error) => {
                failed = true;
                fault::lines(&error).iter().for_each(|line| print::note(line));
            }
        }
    }
    print::out(&figures.render(args.json)?)?;
    Ok(match (failed, figures.items.is_empty()) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(PARTIAL),
    })
}

/// Whether the caller lacks the role for which the service asks.
fn denied(error: &anyhow::Error) -> bool {
    let status = error.chain().find_map(|cause| cause.downcast_ref::<Status>());
    status.is_some_and(|status| status.code() == Code::PermissionDenied)
}

/// The parent of the lists: all agencies, one of them, or one unit.
///
/// # Errors
///
/// When an option names no agency or unit, or both do not fit together.
fn parent(args: &DoctorFiguresArgs) -> anyhow::Result<String> {
    let agency = args.agency.as_deref().map(|text| {
        let id = text.trim_start_matches("agencies/");
        format!("agencies/{}", id.replace('.', ""))
    });
    let parent = match (agency, args.unit.as_deref()) {
        (None, None) => return Ok("agencies/-".to_owned()),
        (Some(agency), None) => agency,
        (agency, Some(unit)) if unit.starts_with("agencies/") => {
            if agency.is_some_and(|agency| !unit.starts_with(&format!("{agency}/"))) {
                bail!("--unit `{unit}` bukan unit dari instansi di --agency")
            }
            unit.to_owned()
        }
        (Some(agency), Some(unit)) => format!("{agency}/units/{unit}"),
        (None, Some(unit)) => bail!("--unit `{unit}` memerlukan --agency, atau tulis agencies/…/units/…"),
    };
    let scope = parent.parse::<Scope>();
    if scope.is_ok_and(|scope| scope != Scope::default() && (args.unit.is_none() || !scope.unit.is_empty())) {
        return Ok(parent);
    }
    bail!("`{parent}` bukan nama instansi atau unit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agency_and_a_unit_are_named_as_people_write_them() {
        let parent = |agency: Option<&str>, unit: Option<&str>| {
            parent(&DoctorFiguresArgs {
                agency: agency.map(str::to_owned),
                unit: unit.map(str::to_owned),
                json: false,
            })
        };
        for (agency, unit, expected) in [
            (None, None, "agencies/-"),
            (Some("32.71"), None, "agencies/3271"),
            (Some("agencies/3271"), Some("mpp"), "agencies/3271/units/mpp"),
            (None, Some("agencies/3271/units/mpp"), "agencies/3271/units/mpp"),
            (
                Some("3271"),
                Some("agencies/3271/units/mpp"),
                "agencies/3271/units/mpp",
            ),
        ] {
            assert_eq!(parent(agency, unit).unwrap(), expected);
        }
        for (agency, unit) in [
            (None, Some("mpp")),
            (Some("3273"), Some("agencies/3271/units/mpp")),
            (Some("-"), None),
            (Some("A"), None),
            (None, Some("agencies/3271")),
            (Some("3271"), Some("-")),
        ] {
            assert!(parent(agency, unit).is_err(), "{agency:?} {unit:?}");
        }
    }
}
