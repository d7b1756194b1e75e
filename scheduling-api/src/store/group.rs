//! SQLite's one writer, shared: transactions that wait for each other are committed together, so that a burst of
//! bookings pays for one write to the disk and not for each.
//!
//! ```text
//! BEGIN IMMEDIATE ─► SAVEPOINT ─ A's work ─ RELEASE ─► SAVEPOINT ─ B's work ─ RELEASE ─► ... ─► COMMIT ─► A, B: done
//!                                   └ undone: ROLLBACK TO
//! ```
//!
//! One works at a time, in the order in which they asked. Who has finished waits for the commit of the whole, which
//! comes after those who were waiting by then, or at once when nobody is: alone, a transaction costs what it always
//! did. Nobody is told that they are done before the commit; if it fails, all are told so.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use sqlx::{Pool, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::store::StoreError;

/// Transactions that one commit ends at most: bounds how long the first waits for the others.
const GROUP_MAX: usize = 32;

/// The writer.
pub(super) struct Writer {
    pool: Pool<Sqlite>,
    group: Arc<Mutex<Group>>,
    waiting: Arc<AtomicUsize>,
}

/// What is written together.
#[derive(Default)]
struct Group {
    number: u64,
    open: Option<Transaction<'static, Sqlite>>,
    /// Whether the last one left its savepoint behind.
    unfinished: bool,
    /// Who waits for the commit.
    done: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

/// One's turn to write.
pub(super) struct Turn {
    /// None once it is handed on.
    group: Option<OwnedMutexGuard<Group>>,
    pool: Pool<Sqlite>,
    all: Arc<Mutex<Group>>,
    waiting: Arc<AtomicUsize>,
}

/// Counts somebody who waits, however they stop waiting.
struct Waits(Arc<AtomicUsize>);

impl Waits {
    fn new(waiting: &Arc<AtomicUsize>) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(waiting))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn new(pool: Pool<Sqlite>) -> Self {
        Self { pool, group: Arc::default(), waiting: Arc::default() }
    }

    /// The pool of its one connection, for what is no transaction.
    pub(super) fn pool(&self) -> &Pool<Sqlite> {
        &self.pool
    }

    /// Waits for one's turn.
    ///
    /// # Errors
    /// When it does not come in time, or the database refuses.
    pub(super) async fn turn(&self) -> Result<Turn, StoreError> {
        let waits = Waits::new(&self.waiting);
        let limit = self.pool.options().get_acquire_timeout();
        let locked = tokio::time::timeout(limit, Arc::clone(&self.group).lock_owned()).await;
        let mut group = locked.map_err(|_| StoreError::Unavailable(None))?;
        drop(waits);
        group.undo().await?;
        if group.open.is_none() {
            group.open = Some(self.pool.begin_with("BEGIN IMMEDIATE").await?);
        }
        let mut turn = Turn {
            group: Some(group),
            pool: self.pool.clone(),
            all: Arc::clone(&self.group),
            waiting: Arc::clone(&self.waiting),
        };
        turn.group()?.save().await?;
        Ok(turn)
    }
}

impl Turn {
    /// The connection.
    ///
    /// # Errors
    /// When the group has failed.
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.group()?.connection()
    }

    fn group(&mut self) -> Result<&mut Group, StoreError> {
        self.group.as_deref_mut().ok_or(StoreError::Unavailable(None))
    }

    /// Makes everything done here durable, together with others' work.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.group()?.release().await?;
        let (done, told) = oneshot::channel();
        self.group()?.done.push(done);
        self.end();
        told.await.unwrap_or(Err(StoreError::Unavailable(None)))
    }

    /// Makes what others did before this turn durable, and goes on: for who is about to answer from it. Nothing may have
    /// been written in this turn.
    pub(super) async fn settle(&mut self) -> Result<(), StoreError> {
        let pool = self.pool.clone();
        let group = self.group()?;
        if group.done.is_empty() {
            return Ok(());
        }
        group.release().await?;
        let Some(open) = group.open.take() else { return Err(StoreError::Unavailable(None)) };
        group.finish(open).await?;
        group.open = Some(pool.begin_with("BEGIN IMMEDIATE").await?);
        group.save().await
    }

    /// Hands the turn on. The commit is a task of its own: whoever asked for it may stop waiting, it is finished all the
    /// same.
    fn end(&mut self) {
        let Some(mut group) = self.group.take() else { return };
        let (all, waiting) = (Arc::clone(&self.all), Arc::clone(&self.waiting));
        let number = group.number;
        // Without a runtime the process ends; the next one undoes what was left.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if waiting.load(Ordering::SeqCst) > 0 && group.done.len() < GROUP_MAX {
                drop(group);
                // Behind those who wait by now.
                group = all.lock_owned().await;
            }
            if group.number == number {
                group.close().await;
            }
        });
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.end();
    }
}

impl Group {
    fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.open.as_deref_mut().ok_or(StoreError::Unavailable(None))
    }

    async fn save(&mut self) -> Result<(), StoreError> {
        self.unfinished = true;
        sqlx::query("SAVEPOINT one").execute(self.connection()?).await?;
        Ok(())
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        sqlx::query("RELEASE one").execute(self.connection()?).await?;
        self.unfinished = false;
        Ok(())
    }

    /// Undoes what the last one left behind. When that fails, nothing of the group can be trusted: all of it is undone.
    async fn undo(&mut self) -> Result<(), StoreError> {
        if !self.unfinished {
            return Ok(());
        }
        let Ok(connection) = self.connection() else {
            self.unfinished = false;
            return Ok(());
        };
        let undone = async {
            sqlx::query("ROLLBACK TO one").execute(&mut *connection).await?;
            sqlx::query("RELEASE one").execute(&mut *connection).await
        };
        if let Err(error) = undone.await {
            self.fail().await;
            return Err(error.into());
        }
        self.unfinished = false;
        Ok(())
    }

    async fn fail(&mut self) {
        self.unfinished = false;
        self.number += 1;
        if let Some(open) = self.open.take() {
            let _ = open.rollback().await;
        }
        for done in self.done.drain(..) {
            let _ = done.send(Err(StoreError::Unavailable(None)));
        }
    }

    /// Commits, and tells everybody.
    async fn close(&mut self) {
        if self.undo().await.is_err() {
            return;
        }
        match self.open.take() {
            Some(open) if self.done.is_empty() => {
                self.number += 1;
                let _ = open.rollback().await;
            }
            Some(open) => drop(self.finish(open).await),
            None => {}
        }
    }

    async fn finish(&mut self, open: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
        self.number += 1;
        let committed = open.commit().await;
        for done in self.done.drain(..) {
            let outcome = match &committed {
                Ok(()) => Ok(()),
                Err(_) => Err(StoreError::Unavailable(None)),
            };
            let _ = done.send(outcome);
        }
        committed.map_err(|error| {
            let error = StoreError::from(error);
            tracing::error!(reason = error.chain(), "transactions were not committed");
            error
        })
    }
}
