//! Digests that are stored. They are keyed, so that nobody who reads the database alone can find by trial what they are of: a
//! response has few possible answers, and there are few networks.

use prima_platform::{grpc::Network, vault::Keyring};
use prima_proto::name;

/// Bytes of the digest of a response.
const BYTES: usize = 20;
/// Bytes of the digest that earlier releases stored, see [`super::response::Raw::digest`].
pub const UNKEYED_BYTES: usize = 16;
/// Bytes of the pseudonym of a network.
const NETWORK_BYTES: usize = 4;

/// The digest of a response that is stored, from that of its body without a key, 20 bytes.
pub fn of_response(vault: &Keyring, unkeyed: &[u8]) -> Vec<u8> {
    let mut digest = vault.digest(&[b"prima-response-1\n", unkeyed].concat());
    digest.truncate(BYTES);
    digest
}

/// The keyed digest of a response that is stored with either.
pub fn keyed(vault: &Keyring, stored: Vec<u8>) -> Vec<u8> {
    if stored.len() == UNKEYED_BYTES {
        return of_response(vault, &stored);
    }
    stored
}

/// The pseudonym of a network among the senders of one survey, in hex: networks of two surveys can't be compared.
pub fn of_network(vault: &Keyring, survey: &name::Survey, network: &Network) -> String {
    let digest = vault.digest(format!("prima-network-1\n{survey}\n{network}").as_bytes());
    let bytes = digest.iter().take(NETWORK_BYTES);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::served::key;

    use super::*;

    fn vault(id: &str) -> Keyring {
        Keyring::parse(&[key(id)]).unwrap()
    }

    #[test]
    fn a_digest_depends_on_the_key_and_one_of_an_earlier_release_is_compared() {
        let (one, other) = (vault("k1"), vault("k2"));
        let digest = of_response(&one, &[7; UNKEYED_BYTES]);
        assert_eq!(digest.len(), BYTES);
        assert_ne!(digest, of_response(&other, &[7; UNKEYED_BYTES]));
        assert_ne!(digest, of_response(&one, &[8; UNKEYED_BYTES]));
        assert_eq!(keyed(&one, vec![7; UNKEYED_BYTES]), digest);
        assert_eq!(keyed(&one, digest.clone()), digest);
    }

    #[test]
    fn a_network_has_another_pseudonym_in_each_survey() {
        let survey =
            |id: &str| name::Survey::parse(&format!("agencies/3271/units/mpp/surveys/{id}")).unwrap();
        let network = |address: &str| Network::of(address.parse().unwrap());
        let vault = vault("k1");
        let of = |id: &str, address: &str| of_network(&vault, &survey(id), &network(address));
        assert_eq!(of("a", "192.0.2.1"), of("a", "192.0.2.9"));
        assert_ne!(of("a", "192.0.2.1"), of("a", "192.0.3.1"));
        assert_ne!(of("a", "192.0.2.1"), of("b", "192.0.2.1"));
        assert_eq!(of("a", "192.0.2.1").len(), 8);
    }
}
