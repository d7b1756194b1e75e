//! Where documents lie, and what looks for malware in them, from their settings.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use scheduling_api::ports::{
    files::{Files, S3},
    scanner::{Clamd, Scan},
};

use crate::config::{ConfigError, RawConfig};

/// What the settings say.
#[derive(Debug, Clone)]
pub(crate) struct Documents {
    /// Where they lie.
    pub(crate) place: Place,
    /// What looks at them.
    pub(crate) clamd: Option<Clamd>,
}

/// Where documents lie.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// Storage that speaks S3.
    Bucket(Bucket),
}

/// A place in storage that speaks S3.
#[derive(Clone)]
pub(crate) struct Bucket {
    name: String,
    prefix: String,
    endpoint: String,
    region: String,
    access_key: String,
    secret_key: String,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bucket({}/{} at {})", self.name, self.prefix, self.endpoint)
    }
}

/// What the settings say.
///
/// # Errors
/// When they are half set up, or cannot be used.
pub(crate) fn documents(raw: &RawConfig, data: &Path) -> Result<Documents, ConfigError> {
    let clamd = raw.clamd.as_ref().map(|text| text.parse::<Clamd>()).transpose();
    let clamd = clamd.map_err(|error| refused("clamd", &error))?;
    let place = match raw.documents.as_deref() {
        None => Place::Folder(data.join("documents")),
        Some(text) => match (text.strip_prefix("folder:"), text.strip_prefix("s3://")) {
            (Some(path), _) if !path.is_empty() => Place::Folder(path.into()),
            (_, Some(bucket)) => Place::Bucket(in_bucket(raw, bucket)?),
            _ => return Err(refused("documents", &"neither folder:PATH nor s3://BUCKET/PREFIX")),
        },
    };
    Ok(Documents { place, clamd })
}

fn in_bucket(raw: &RawConfig, bucket: &str) -> Result<Bucket, ConfigError> {
    let needed = |setting, value: &Option<String>| {
        value.clone().ok_or(ConfigError::Belongs { setting, to: "documents" })
    };
    let (name, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
    let prefix = prefix.trim_end_matches('/');
    if name.is_empty() || prefix.is_empty() {
        // Whatever lies in a document's folder and is no part of it is deleted.
        let reason = "say s3://BUCKET/PREFIX, with a prefix that nothing else uses";
        return Err(refused("documents", &reason));
    }
    let secret = raw.s3_secret_key.as_ref().map(|secret| secret.reveal().to_owned());
    Ok(Bucket {
        name: name.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: needed("s3_endpoint", &raw.s3_endpoint)?,
        region: needed("s3_region", &raw.s3_region)?,
        access_key: needed("s3_access_key", &raw.s3_access_key)?,
        secret_key: needed("s3_secret_key", &secret)?,
    })
}

fn refused(setting: &'static str, reason: &impl ToString) -> ConfigError {
    ConfigError::Documents { setting, reason: reason.to_string() }
}

impl Documents {
    /// Opens the store of files; a folder is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) fn open(&self) -> anyhow::Result<Files> {
        let opened = match &self.place {
            Place::Folder(path) => Files::in_folder(path),
            Place::Bucket(bucket) => {
                let Bucket { name, prefix, endpoint, region, access_key, secret_key } =
                    bucket.clone();
                Files::in_s3(S3 {
                    bucket: name,
                    prefix,
                    endpoint,
                    region,
                    key: access_key,
                    secret: secret_key,
                })
            }
        };
        opened.context("opening the store of documents: see the settings documents and s3_*")
    }

    /// What looks for malware.
    pub(crate) fn scanner(&self) -> Option<Arc<dyn Scan>> {
        self.clamd.clone().map(|clamd| Arc::new(clamd) as Arc<dyn Scan>)
    }

    /// Asks the storage and the scanner for one answer each; changes nothing. A folder is not asked.
    ///
    /// # Errors
    /// In words, of what does not answer.
    pub(crate) fn reach(&self) -> Vec<(&'static str, anyhow::Result<()>)> {
        let mut steps = Vec::new();
        if matches!(self.place, Place::Bucket(_)) {
            let step = || block_on(async { Ok(self.open()?.reach().await?) });
            steps.push(("documents in S3", step()));
        }
        if let Some(clamd) = &self.clamd {
            steps.push(("scanner clamd", block_on(async { Ok(clamd.reach().await?) })));
        }
        steps
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut RawConfig);

    fn parsed(change: Change) -> Result<Documents, String> {
        let mut raw = RawConfig::defaults();
        change(&mut raw);
        documents(&raw, Path::new("data")).map_err(|error| error.to_string())
    }

    #[test]
    fn documents_lie_in_the_data_folder_unless_told() {
        let default = parsed(|_| ()).unwrap();
        assert!(
            matches!(default.place, Place::Folder(path) if path == Path::new("data/documents"))
        );
        assert!(default.clamd.is_none());
    }

    #[test]
    fn what_is_half_set_up_is_refused_without_its_secret() {
        let cases: [(&str, Change); 5] = [
            ("neither folder", |raw| raw.documents = Some("documents".into())),
            ("prefix", |raw| raw.documents = Some("s3://bucket".into())),
            ("s3_endpoint is missing", |raw| {
                raw.documents = Some("s3://bucket/x".into());
                raw.s3_secret_key = Some("hunter2".into());
            }),
            ("s3_secret_key is missing", |raw| {
                raw.documents = Some("s3://bucket/x".into());
                raw.s3_endpoint = Some("https://s3.example".into());
                raw.s3_access_key = Some("key".into());
            }),
            ("unix:", |raw| raw.clamd = Some("/run/clamd".into())),
        ];
        for (advice, change) in cases {
            let message = parsed(change).unwrap_err();
            assert!(message.contains(advice) && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn a_bucket_is_shown_without_its_secret() {
        let bucket = parsed(|raw| {
            raw.documents = Some("s3://bucket/bedside/".into());
            raw.s3_endpoint = Some("https://s3.example".into());
            raw.s3_access_key = Some("key".into());
            raw.s3_secret_key = Some("hunter2".into());
        });
        let shown = format!("{:?}", bucket.unwrap());
        assert!(shown.contains("bucket/bedside") && !shown.contains("hunter2"), "{shown}");
    }
}
