//! A small issuer of OpenID Connect on this machine, whose keys and faults a test sets.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use prima_platform::{clock::Clock, jws};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How the issuer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Works,
    /// It answers with an error.
    Fails,
    /// It sends the reader elsewhere.
    Redirects,
    /// It never stops answering.
    Floods,
    /// It says that it is somebody else.
    Pretends,
}

struct State {
    mode: Mode,
    /// Keys by id; those that are published.
    keys: BTreeMap<String, EcdsaKeyPair>,
    requests: BTreeMap<String, usize>,
}

/// The issuer; it ends with the test.
pub struct Sso {
    pub url: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Drop for Sso {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Sso {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/realms/asn", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            mode: Mode::Works,
            keys: BTreeMap::new(),
            requests: BTreeMap::new(),
        }));
        let (own, address) = (Arc::clone(&state), url.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (own, address) = (Arc::clone(&own), address.clone());
                tokio::spawn(async move { drop(answer(stream, &own, &address).await) });
            }
        });
        Self { url, state, server }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn set(&self, mode: Mode) {
        self.state().mode = mode;
    }

    /// Publishes new keys of these ids, and only them; one that is published already stays.
    pub fn publish(&self, ids: &[&str]) {
        let mut state = self.state();
        let mut before = std::mem::take(&mut state.keys);
        for id in ids {
            let key = before.remove(*id).unwrap_or_else(pair);
            state.keys.insert((*id).to_owned(), key);
        }
    }

    /// How often the discovery document was asked for.
    pub fn reads(&self) -> usize {
        let state = self.state();
        state
            .requests
            .get("/realms/asn/.well-known/openid-configuration")
            .copied()
            .unwrap_or(0)
    }

    /// Every address that was asked for.
    pub fn paths(&self) -> Vec<String> {
        self.state().requests.keys().cloned().collect()
    }

    /// A token that a published key signs, with these claims in place of the usual ones.
    pub fn token(&self, id: &str, change: Value) -> String {
        let now = Clock::system().now().timestamp();
        let mut claims = json!({
            "iss": self.url, "sub": "19850101", "aud": ["account", "prima"], "azp": "portal", "iat": now,
            "exp": now + 3600, "realm_access": {"roles": ["petugas"]}
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let state = self.state();
        let stranger = pair();
        let key = state.keys.get(id).unwrap_or(&stranger);
        let input = jws::signing_input(&json!({"alg": "ES384", "typ": "JWT", "kid": id}), &claims);
        let signature = key.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        jws::compact(&input, signature.as_ref())
    }

    /// The value of `PRIMA_AUTH__ISSUERS`.
    pub fn setting(&self) -> String {
        format!(
            r#"[{{url="{}",audiences=["prima"],algorithms=["ES384"],authorized_parties=["portal"],kind="person",roles_claim="/realm_access/roles",roles={{petugas="operator"}},agencies=["3271"]}}]"#,
            self.url
        )
    }
}

fn pair() -> EcdsaKeyPair {
    let by = &ECDSA_P384_SHA384_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(by, &SystemRandom::new()).unwrap();
    EcdsaKeyPair::from_pkcs8(by, document.as_ref(), &SystemRandom::new()).unwrap()
}

fn jwk(id: &str, pair: &EcdsaKeyPair) -> Value {
    let point = pair.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    json!({"kty": "EC", "crv": "P-384", "kid": id, "use": "sig", "alg": "ES384", "x": part(1..49), "y": part(49..97)})
}

async fn answer(mut stream: TcpStream, state: &Mutex<State>, url: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut bytes = [0; 1024];
        let read = stream.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&bytes[..read]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mode, keys) = {
        let mut state = state.lock().unwrap();
        *state.requests.entry(path.clone()).or_default() += 1;
        let keys: Vec<Value> = state.keys.iter().map(|(id, pair)| jwk(id, pair)).collect();
        (state.mode, keys)
    };
    let is_discovery = path.ends_with("/openid-configuration");
    let issuer = if mode == Mode::Pretends {
        "https://sso.go.id"
    } else {
        url
    };
    let body = match is_discovery {
        true => json!({"issuer": issuer, "jwks_uri": format!("{url}/keys")}),
        false => json!({"keys": keys}),
    };
    let body = body.to_string();
    let head = match mode {
        Mode::Fails => "HTTP/1.1 503 Service Unavailable\r\n".to_owned(),
        Mode::Redirects => format!("HTTP/1.1 302 Found\r\nlocation: {url}/elsewhere\r\n"),
        Mode::Works | Mode::Floods | Mode::Pretends => "HTTP/1.1 200 OK\r\n".to_owned(),
    };
    let common = "content-type: application/json\r\nconnection: close\r\n";
    if mode == Mode::Floods {
        stream.write_all(format!("{head}{common}\r\n").as_bytes()).await?;
        // Until the reader hangs up.
        loop {
            stream.write_all(&[b' '; 4096]).await?;
        }
    }
    let length = body.len();
    stream
        .write_all(format!("{head}{common}content-length: {length}\r\n\r\n{body}").as_bytes())
        .await
}
