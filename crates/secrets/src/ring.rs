//! Several master keys: one to seal under, and those from before.

use lookback_store::{CredentialPlace, MasterKeyId, Sealed};
use ring::aead::{Aad, NONCE_LEN, Nonce};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{InvalidKey, MasterKey};

/// Several master keys. The first seals, each opens what was sealed under it.
#[derive(Debug)]
pub struct KeyRing(Vec<MasterKey>);

/// A text that is no key ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidRing {
    /// There is no key in it.
    #[error("there is no master key in it")]
    Empty,
    /// One of its lines is no key.
    #[error("{0}; one key a line, the one to seal under first, and lines that begin with # are left out")]
    Key(#[from] InvalidKey),
}

/// Why something cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unsealable {
    /// The ring does not have the key.
    #[error("it is sealed under master key {0}, which is not in the key ring")]
    UnknownKey(MasterKeyId),
    /// It was changed, or stood somewhere else when it was sealed.
    #[error("it is not what was sealed here")]
    Changed,
}

/// What is sealed of an OAuth application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The client secret.
    ClientSecret,
    /// What the provider wants besides.
    Details,
}

impl KeyRing {
    /// A ring of this key alone.
    pub fn of(key: MasterKey) -> Self {
        Self(vec![key])
    }

    /// The ring that is written so: one key a line, the one to seal under first.
    pub fn parse(text: &str) -> Result<Self, InvalidRing> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys = lines.map(MasterKey::parse).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(InvalidRing::Empty) } else { Ok(Self(keys)) }
    }

    /// As it is written.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for key in &self.0 {
            text.push_str(&key.reveal());
            text.push('\n');
        }
        text
    }

    /// The ring with another key to seal under.
    pub fn led_by(mut self, key: MasterKey) -> Self {
        self.0.retain(|other| other.id != key.id);
        self.0.insert(0, key);
        self
    }

    /// The ring with its first key, and of the others those that are `needed`.
    pub fn pruned(mut self, needed: impl Fn(&MasterKeyId) -> bool) -> Self {
        let first = self.first().clone();
        self.0.retain(|key| key.id == first || needed(&key.id));
        self
    }

    /// The key to seal under.
    pub fn first(&self) -> &MasterKeyId {
        &self.0[0].id
    }

    /// Every key, the one to seal under first.
    pub fn ids(&self) -> impl Iterator<Item = &MasterKeyId> {
        self.0.iter().map(|key| &key.id)
    }

    /// Seals something for its place. `nonce` has to be random.
    pub fn seal(
        &self,
        place: &CredentialPlace,
        column: Column,
        clear: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Sealed {
        let (key, mut text) = (&self.0[0], clear.to_vec());
        let (bound, once) = (Aad::from(address(place, column)), Nonce::assume_unique_for_key(nonce));
        key.cipher.seal_in_place_append_tag(once, bound, &mut text).expect("a secret is shorter than 64 GiB");
        Sealed { key_id: key.id.clone(), nonce, ciphertext: text }
    }

    /// Opens what was sealed for this place.
    pub fn open(
        &self,
        place: &CredentialPlace,
        column: Column,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let key = self.0.iter().find(|key| key.id == sealed.key_id);
        let key = key.ok_or_else(|| Unsealable::UnknownKey(sealed.key_id.clone()))?;
        let mut text = Zeroizing::new(sealed.ciphertext.clone());
        let (bound, once) = (Aad::from(address(place, column)), Nonce::assume_unique_for_key(sealed.nonce));
        let opened = key.cipher.open_in_place(once, bound, &mut text).map_err(|_| Unsealable::Changed)?.len();
        text.truncate(opened);
        Ok(text)
    }
}

/// The table, the row and the column. No name in it has a slash, so no two places are written alike.
fn address(place: &CredentialPlace, column: Column) -> String {
    let CredentialPlace { team_id, environment, provider } = place;
    let column = match column {
        Column::ClientSecret => "client_secret",
        Column::Details => "details",
    };
    format!("credential/{team_id}/{environment}/{provider}/{column}")
}

#[cfg(test)]
mod tests {
    use lookback_domain::{Environment, Provider, TeamId};
    use uuid::Uuid;

    use super::*;

    const PLACE: CredentialPlace = CredentialPlace {
        team_id: TeamId(Uuid::from_u128(7)),
        environment: Environment::Production,
        provider: Provider::Oura,
    };

    fn key(n: u8) -> MasterKey {
        MasterKey::from_bits(Zeroizing::new([n; 32]))
    }

    fn opened(
        ring: &KeyRing,
        place: CredentialPlace,
        column: Column,
        sealed: &Sealed,
    ) -> Result<String, Unsealable> {
        ring.open(&place, column, sealed).map(|clear| String::from_utf8(clear.to_vec()).unwrap())
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let ring = KeyRing::of(key(1));
        let sealed = ring.seal(&PLACE, Column::ClientSecret, b"hunter2", [3; 12]);
        assert_eq!(opened(&ring, PLACE, Column::ClientSecret, &sealed), Ok("hunter2".to_owned()));
        assert!(!sealed.ciphertext.windows(7).any(|part| part == b"hunter2"));

        let elsewhere = [
            (CredentialPlace { team_id: TeamId(Uuid::from_u128(8)), ..PLACE }, Column::ClientSecret),
            (CredentialPlace { environment: Environment::Sandbox, ..PLACE }, Column::ClientSecret),
            (CredentialPlace { provider: Provider::Strava, ..PLACE }, Column::ClientSecret),
            (PLACE, Column::Details),
        ];
        for (place, column) in elsewhere {
            assert_eq!(opened(&ring, place, column, &sealed), Err(Unsealable::Changed));
        }
        for n in 0..sealed.ciphertext.len() {
            let mut changed = sealed.clone();
            changed.ciphertext[n] ^= 1;
            assert_eq!(opened(&ring, PLACE, Column::ClientSecret, &changed), Err(Unsealable::Changed));
        }
        let short = Sealed { ciphertext: vec![1; 3], ..sealed };
        assert_eq!(opened(&ring, PLACE, Column::ClientSecret, &short), Err(Unsealable::Changed));
    }

    #[test]
    fn the_first_key_seals_and_the_others_open() {
        let old = KeyRing::of(key(1)).seal(&PLACE, Column::Details, b"old", [3; 12]);
        let ring = KeyRing::of(key(1)).led_by(key(2));
        assert_eq!(opened(&ring, PLACE, Column::Details, &old), Ok("old".to_owned()));
        let new = ring.seal(&PLACE, Column::Details, b"new", [4; 12]);
        assert_eq!((&new.key_id, ring.ids().count()), (key(2).id(), 2));
        let ring = ring.pruned(|_| false);
        let gone = Unsealable::UnknownKey(key(1).id().clone());
        assert_eq!(opened(&ring, PLACE, Column::Details, &old), Err(gone));
        assert_eq!(opened(&ring, PLACE, Column::Details, &new), Ok("new".to_owned()));
    }

    #[test]
    fn a_ring_is_read_as_it_is_written() {
        let ring = KeyRing::of(key(1)).led_by(key(2));
        let written = format!("# made for a test\n\n  {}", &*ring.reveal());
        assert!(KeyRing::parse(&written).unwrap().ids().eq(ring.ids()));
        assert_eq!(KeyRing::parse("# none\n").unwrap_err(), InvalidRing::Empty);
        for wrong in ["c2hvcnQ=", "no base64", &format!("{0}{0}", &*key(1).reveal())] {
            assert_eq!(KeyRing::parse(wrong).unwrap_err(), InvalidRing::Key(InvalidKey));
        }
    }

    #[test]
    fn keys_do_not_print_themselves() {
        let ring = KeyRing::of(key(1));
        let sealed = ring.seal(&PLACE, Column::Details, b"x", [3; 12]);
        let printed = format!("{ring:?} {sealed:?} {:?}", KeyRing::parse("c2VjcmV0"));
        assert!(!printed.contains("c2VjcmV0") && !printed.contains(&*key(1).reveal()), "{printed}");
    }
}
