//! What a secret of one use carries about a person, sealed under a key of its own.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    crypto::{DataKey, KeyRing},
    random::Random,
    store::StoreError,
};

/// Something about a person, waiting in a row without an account's key.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    wrapped_by: String,
    wrapped: String,
    sealed: String,
}

const PLACE: &str = "one_time.detail";

impl Sealed {
    /// Seals a value.
    pub(crate) fn seal<T: Serialize>(
        ring: &KeyRing,
        random: &Random,
        value: &T,
    ) -> Result<Self, StoreError> {
        let key = DataKey::mint(random);
        let (wrapped_by, wrapped) = ring.wrap(random, PLACE, &key)?;
        let plain = serde_json::to_vec(value).unwrap_or_default();
        Ok(Self {
            wrapped_by,
            wrapped: BASE64_STANDARD.encode(wrapped),
            sealed: BASE64_STANDARD.encode(key.seal(random, PLACE, &plain)),
        })
    }

    /// Opens it.
    pub(crate) fn open<T: DeserializeOwned>(&self, ring: &KeyRing) -> Result<T, StoreError> {
        let corrupt = || StoreError::Corrupt { column: "detail" };
        let bytes = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| corrupt());
        let key = ring.unwrap(PLACE, &self.wrapped_by, &bytes(&self.wrapped)?)?;
        let plain = key.open(PLACE, &bytes(&self.sealed)?).map_err(|_| corrupt())?;
        serde_json::from_slice(&plain).map_err(|_| corrupt())
    }
}
