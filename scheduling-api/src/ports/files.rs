//! Where files lie: a folder, or storage that speaks S3. What is kept there is sealed already.
//!
//! One trait, `object_store`'s, with two of its stores; this file bounds what they do in time and bytes, and gives names
//! of ours below one prefix. Names tell nothing about people. Never: opens a file's content, or decides who may.

use std::{fmt, path::Path as FolderPath, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt as _, RetryConfig,
    aws::AmazonS3Builder,
    client::{HttpClient, HttpConnector},
    local::LocalFileSystem,
    path::Path,
    prefix::PrefixStore,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ports::http_client;

/// Longest wait for one object to be written, read or deleted. Four megabytes take a second on a bad day.
const WAIT: Duration = Duration::from_secs(60);

/// Longest time in which the store is asked again after a failure of its own.
const RETRY_FOR: Duration = Duration::from_secs(20);

/// Most objects of one name's beginning: the parts of a document, and what broken uploads of them left behind.
const NAMES_MAX: usize = 10_000;

/// Storage that speaks S3.
pub struct S3 {
    /// The bucket.
    pub bucket: String,
    /// Before every name; no other program and no other installation keeps anything below it.
    pub prefix: String,
    /// `https://s3.eu-central-1.amazonaws.com`, or a server of one's own.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Name of the key.
    pub key: String,
    /// The key.
    pub secret: String,
}

/// The store of files cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store of files: {0}")]
pub struct FilesError(String);

/// Why a file was not kept, read or deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none of that name.
    #[error("there is no such file")]
    Missing,
    /// Not now: worth another try.
    #[error("the store of files does not answer")]
    Away,
}

/// Parts that are taken or handed out at once: each is held in memory, twice for a moment. 256 MiB at the most.
const PLACES: usize = 32;

/// The store of files. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    places: Arc<Semaphore>,
}

impl Files {
    /// A folder, made when it is missing. Every file is on the disk before it counts as kept.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn in_folder(folder: &FolderPath) -> Result<Self, FilesError> {
        private_folder(folder).map_err(|error| FilesError(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| refused(&error))?;
        Ok(Self::over(Arc::new(store.with_fsync(true).with_automatic_cleanup(true))))
    }

    /// Storage that speaks S3. https, or http to this very machine.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn in_s3(s3: S3) -> Result<Self, FilesError> {
        if http_client::allowed(&s3.endpoint).is_none() {
            let reason = "the endpoint must be https, or http at an address of this machine";
            return Err(FilesError(reason.to_owned()));
        }
        let retry = RetryConfig { retry_timeout: RETRY_FOR, ..RetryConfig::default() };
        let store = AmazonS3Builder::new()
            .with_endpoint(s3.endpoint)
            .with_region(s3.region)
            .with_bucket_name(s3.bucket)
            .with_access_key_id(s3.key)
            .with_secret_access_key(s3.secret)
            .with_allow_http(true)
            // Not every server speaks it, and a document has few objects.
            .with_disable_bulk_delete(true)
            .with_retry(retry)
            .with_http_connector(OurClient)
            .build()
            .map_err(|error| refused(&error))?;
        let prefix = Path::from(s3.prefix);
        Ok(Self::over(Arc::new(PrefixStore::new(store, prefix))))
    }

    fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, places: Arc::new(Semaphore::new(PLACES)) }
    }

    /// Room for one part in memory; none when all is taken.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Whether the store answers: looks for something that is not there.
    ///
    /// # Errors
    /// When it does not answer, or refuses us.
    pub async fn reach(&self) -> Result<(), FileError> {
        match self.get("doc_reach/0", 0).await {
            Ok(_) | Err(FileError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Keeps a file, over another of its name.
    pub(crate) async fn put(&self, name: &str, bytes: Bytes) -> Result<(), FileError> {
        within(self.store.put(&Path::from(name), bytes.into())).await.map(drop)
    }

    /// Reads a file of at most so many bytes; of a longer one its beginning.
    pub(crate) async fn get(&self, name: &str, bytes_max: u64) -> Result<Bytes, FileError> {
        // One byte more, by which a file that grew is known.
        within(self.store.get_range(&Path::from(name), 0..bytes_max + 1)).await
    }

    /// The names below a folder.
    pub(crate) async fn names(&self, folder: &str) -> Result<Vec<String>, FileError> {
        use futures_util::StreamExt as _;
        let folder = Path::from(folder);
        let found = self.store.list(Some(&folder)).take(NAMES_MAX);
        let names = found.map_ok(|file| String::from(file.location));
        within(names.try_collect()).await
    }

    /// Deletes a file; one that is not there is deleted already.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), FileError> {
        match within(self.store.delete(&Path::from(name))).await {
            Err(FileError::Missing) => Ok(()),
            other => other,
        }
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files")
    }
}

/// For this user alone: names and sizes are nobody else's business.
fn private_folder(folder: &FolderPath) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

async fn within<T>(
    work: impl Future<Output = Result<T, object_store::Error>>,
) -> Result<T, FileError> {
    let Ok(done) = tokio::time::timeout(WAIT, work).await else {
        tracing::warn!("the store of files took too long");
        return Err(FileError::Away);
    };
    done.map_err(|error| match error {
        object_store::Error::NotFound { .. } => FileError::Missing,
        other => {
            // Names of objects are ids of documents.
            tracing::warn!(error = %other, "the store of files refused");
            FileError::Away
        }
    })
}

fn refused(error: &object_store::Error) -> FilesError {
    FilesError(error.to_string())
}

/// The one HTTP client that this program has: its TLS, its rules.
#[derive(Debug)]
struct OurClient;

impl HttpConnector for OurClient {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = http_client::client(WAIT).map_err(|error| object_store::Error::Generic {
            store: "S3",
            source: Box::new(error),
        })?;
        Ok(HttpClient::new(client))
    }
}
