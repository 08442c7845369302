//! `prima token` and `prima key`: makes tokens and keys, and revokes them.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Duration, Utc};
use prima_directory::revocation::{self, New};
use prima_platform::{
    caller::{ISSUER, Role},
    clock::{self, Clock},
    config::{Config, Holder},
    jws::{self, Jws},
    key_store::{self, KeyStore},
    private_file, service,
    token::{Grant, Kind, Signer},
    vault::Keyring,
};
use zeroize::Zeroizing;

use super::{database_config, fault::with_target, open};
use crate::{
    cli::{
        DatabaseArgs, KeyArgs, KeyCommand, ListRevokedArgs, NewKeyArgs, Purpose, RevokeArgs, RevokedArgs,
        TokenArgs, TokenCommand,
    },
    client::print::{self, Table},
};

/// Makes a token, prints the public key, or revokes tokens.
pub async fn token(args: TokenArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        Some(TokenCommand::Revoke(args)) => return revoke(args).await,
        Some(TokenCommand::ListRevoked(args)) => return list_revoked(args).await,
        None => {}
    }
    let signer = if args.key.is_dir() {
        let store = KeyStore::open(&args.key)?;
        if args.public {
            println!("{}", public_keys(&store).join(","));
            return Ok(ExitCode::SUCCESS);
        }
        signer_of(&store, &args.key)?
    } else {
        load_or_make(&args.key, args.new_key)?
    };
    if args.public {
        println!("{}", signer.public_key());
        return Ok(ExitCode::SUCCESS);
    }
    let roles: Vec<Role> = args
        .roles
        .iter()
        .filter_map(|role| Role::parse(role.name()))
        .collect();
    let (holder, days) = match args.person {
        true => (Holder::Person, 1),
        false => (Holder::System, args.days),
    };
    let grant = Grant {
        subject: args.subject.as_deref().unwrap_or_default(),
        holder,
        roles: &roles,
        agencies: &args.agencies,
        lifetime: Duration::days(i64::from(days)),
    };
    let (token, id) = signer.issue(&grant, Clock::system().now())?;
    println!("{token}");
    print::note(&format!(
        "ID token: {id} (cabut dengan: prima token revoke --id {id})"
    ));
    Ok(ExitCode::SUCCESS)
}

fn load_or_make(path: &Path, make: bool) -> anyhow::Result<Signer> {
    let name = || format!("kunci {}", path.display());
    if !path.exists() && make {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(name)?;
        }
        Signer::generate()
            .and_then(|signer| signer.save(path))
            .with_context(name)?;
    }
    Signer::load(path).with_context(name)
}

fn signer_of(store: &KeyStore, folder: &Path) -> anyhow::Result<Signer> {
    let signer = store.signer(key_store::Purpose::Tokens)?;
    signer.with_context(|| {
        format!(
            "direktori kunci {} tidak punya kunci token yang aktif; buat dengan: prima key rotate",
            folder.display()
        )
    })
}

/// The keys that verify tokens in the form of the configuration.
fn public_keys(store: &KeyStore) -> Vec<String> {
    let keys = store.verifying(key_store::Purpose::Tokens);
    keys.map(|key| format!("{}:{}", key.id, key.public_key)).collect()
}

/// The key of `prima up`, which is created at the first start, and a new administrator's token at each start. The keys in the folder
/// `keys` take the place of `key.pem`. Returns `None` when another key is configured.
pub(super) fn local(config: &mut Config, data: &Path) -> anyhow::Result<Option<PathBuf>> {
    if !config.auth.public_key.is_empty() || !config.auth.public_keys.is_empty() {
        return Ok(None);
    }
    let folder = data.join("keys");
    let store = KeyStore::open(&folder)?;
    config.auth.public_keys = public_keys(&store);
    let signer = if config.auth.public_keys.is_empty() {
        let signer = load_or_make(&data.join("key.pem"), true)?;
        signer.public_key().clone_into(&mut config.auth.public_key);
        signer
    } else {
        signer_of(&store, &folder)?
    };
    let now = Clock::system().now();
    let token = signer.sign(
        "operator",
        &[Role::Admin],
        &["*".into()],
        now,
        Duration::days(365),
    )?;
    let file = data.join("token");
    private_file::replace(&file, &token).with_context(|| format!("token {}", file.display()))?;
    Ok(Some(file))
}

/// A new encryption key in the form of the configuration.
pub(super) fn new_key(id: &str) -> anyhow::Result<String> {
    let line = format!("{id}:{}", Keyring::generate_key()?);
    if Keyring::parse(std::slice::from_ref(&line)).is_err() {
        bail!("ID kunci terdiri atas 1 sampai 16 huruf kecil a-z, angka, atau tanda hubung");
    }
    Ok(line)
}

/// Prints a new encryption key, or does what is asked with signing keys.
pub async fn key(args: KeyArgs) -> anyhow::Result<ExitCode> {
    let now = Clock::system().now();
    match args.command {
        None => {
            let id = args.id.unwrap_or_else(|| now.format("k%Y%m%d").to_string());
            println!("{}", new_key(&id)?);
        }
        Some(KeyCommand::Rotate(args)) => {
            let (purpose, id) = named(&args, now);
            added(&KeyStore::rotate(&args.store.store, purpose, &id, now)?);
        }
        Some(KeyCommand::Import(args)) => {
            let signer =
                Signer::load(&args.file).with_context(|| format!("kunci {}", args.file.display()))?;
            let (purpose, id) = named(&args.new, now);
            added(&KeyStore::add(&args.new.store.store, purpose, &id, &signer, now)?);
        }
        Some(KeyCommand::List(args)) => {
            let store = KeyStore::open(&args.store)?;
            let table = Table::of(store.keys())
                .whole("ID", |key| &key.id)
                .whole("Guna", |key| key.purpose.as_str())
                .whole("Keadaan", |key| key.state.as_str())
                .whole("Sejak", |key| print::local(key.changed_at))
                .whole("Kunci publik", |key| &key.public_key)
                .text("Alasan", |key| print::or_dash(&key.reason));
            print::out(&table.print())?;
        }
        Some(KeyCommand::Retire(args)) => {
            let key = KeyStore::retire(&args.store.store, &args.id, now)?;
            println!("Kunci {} dipensiunkan; kunci publiknya tetap tersimpan", key.id);
        }
        Some(KeyCommand::Compromise(args)) => {
            // First it can't sign any more, then everybody learns of it. Both may be repeated.
            let key = KeyStore::compromise(&args.store.store, &args.id, &args.reason, now)?;
            println!("Kunci {} ditandai bocor; kunci privatnya dihapus", key.id);
            if key.purpose == key_store::Purpose::Tokens {
                let raw = jws::public_key(&key.public_key).context("kunci publiknya rusak")?;
                let new = New {
                    kind: Kind::Key,
                    issuer: ISSUER,
                    value: &jws::key_id(&raw),
                    issued_until: None,
                    reason: &args.reason,
                };
                write(args.database, &new).await?;
                println!("Semua token yang ditandatanganinya dicabut");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn named(args: &NewKeyArgs, now: DateTime<Utc>) -> (key_store::Purpose, String) {
    let purpose = match args.purpose {
        Purpose::Tokens => key_store::Purpose::Tokens,
        Purpose::Publications => key_store::Purpose::Publications,
    };
    let id = args.id.clone();
    let id = id.unwrap_or_else(|| format!("{}-{}", purpose.as_str(), now.format("%Y%m%d")));
    (purpose, id)
}

fn added(key: &key_store::Entry) {
    println!(
        "Kunci {} kini menandatangani {}; kunci publik: {}",
        key.id,
        key.purpose.as_str(),
        key.public_key
    );
}

async fn revoke(args: RevokeArgs) -> anyhow::Result<ExitCode> {
    let RevokedArgs { file, id, subject } = args.what;
    let text = file.as_deref().map(token_of).transpose()?;
    let named = match (&text, &id, &subject) {
        (Some(text), ..) => of_token(text)?,
        (None, Some(id), _) => (Kind::Token, args.issuer, id.clone()),
        (None, None, Some(subject)) => (Kind::Subject, args.issuer, subject.clone()),
        (None, None, None) => bail!("sebutkan berkas token, --id, atau --subject"),
    };
    let (kind, issuer, value) = named;
    let until = args.until.unwrap_or_else(|| Clock::system().now());
    let new = New {
        kind,
        issuer: &issuer,
        value: &value,
        issued_until: (kind == Kind::Subject).then_some(until),
        reason: &args.reason,
    };
    write(args.database, &new).await?;
    match kind {
        Kind::Subject => println!(
            "Semua token {value} yang terbit sampai {} dicabut",
            print::local(until)
        ),
        Kind::Token | Kind::Text | Kind::Key => println!("Token {value} dicabut"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Stores a revocation in the database of the directory, which publishes it.
async fn write(database: DatabaseArgs, new: &New<'_>) -> anyhow::Result<()> {
    let config = database_config(database)?;
    let db = open(&config, &prima_directory::SPEC).await?;
    let failed = |error| with_target(&config)(service::Error::Database(prima_directory::NAME, error));
    let written = revocation::revoke(&db, &Clock::system(), new).await;
    db.close().await;
    written.map(drop).map_err(failed)
}

async fn list_revoked(args: ListRevokedArgs) -> anyhow::Result<ExitCode> {
    let config = database_config(args.database)?;
    let db = open(&config, &prima_directory::SPEC).await?;
    let failed = |error| with_target(&config)(service::Error::Database(prima_directory::NAME, error));
    let listed = revocation::list(&db).await;
    db.close().await;
    let seconds = |seconds: Option<i64>| match seconds {
        Some(seconds) => print::local(clock::from_micros(seconds.saturating_mul(1_000_000))),
        None => "-".to_owned(),
    };
    let listed = listed.map_err(failed)?;
    let table = Table::of(&listed)
        .whole("Dicabut", |row| print::local(row.created_at))
        .whole("Jenis", |row| &row.kind)
        .whole("Penerbit", |row| print::or_dash(&row.issuer))
        .text("Yang dicabut", |row| &row.value)
        .whole("Terbit sampai", move |row| seconds(row.issued_until))
        .whole("Disimpan sampai", move |row| seconds(row.ends_at))
        .text("Alasan", |row| &row.reason);
    print::out(&table.print())?;
    Ok(ExitCode::SUCCESS)
}

/// The token in a file, or on standard input.
fn token_of(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    if file == Path::new("-") {
        std::io::stdin()
            .read_to_string(&mut text)
            .context("masukan baku")?;
    } else {
        *text = fs::read_to_string(file).with_context(|| format!("token {}", file.display()))?;
    }
    Ok(text)
}

/// What to revoke of a token: its id, or its text when it has none. Its signature is not verified, since revoking a forged token
/// does no harm.
fn of_token(text: &str) -> anyhow::Result<(Kind, String, String)> {
    let text = text.trim();
    let Ok(token) = Jws::parse(text) else {
        bail!("isinya bukan token");
    };
    let claim = |name: &str| Some(token.claims.get(name)?.as_str()?.to_owned());
    Ok(match (claim("iss"), claim("jti")) {
        (Some(issuer), Some(id)) => (Kind::Token, issuer, id),
        _ => (Kind::Text, String::new(), jws::digest(text)),
    })
}
