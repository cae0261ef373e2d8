//! The one writer: a task that owns the only connection that writes, and takes
//! writes from a bounded queue.
//!
//! Group commit: whatever waits in the queue goes into one transaction, and each
//! caller is told when that transaction is committed. The cost of a commit is
//! shared by all who wait for it, and a lone caller waits for nobody.
//!
//! When any write of a batch fails, the batch is rolled back and its writes run
//! again, each in a transaction of its own: so one bad write fails alone, and a
//! write must be able to run twice.

use std::path::{Path, PathBuf};

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use binnacle_model::alert::BoxFuture;

use crate::error::{Fault, Result, StateError};

/// Most writes in one transaction: bounds how long the first waits for the last.
const BATCH_MAX: usize = 1_000;

/// One change that happens whole or not at all.
pub(crate) trait Write: Send + Sync + 'static {
    /// What the caller learns.
    type Answer: Send + 'static;

    /// Runs the statements, within a transaction. May run again after a rollback.
    fn apply(
        &self,
        db: &mut SqliteConnection,
    ) -> impl Future<Output = std::result::Result<Self::Answer, Fault>> + Send;
}

/// A [`Write`] together with whoever waits for it.
struct Job<W: Write> {
    write: W,
    answer: Option<W::Answer>,
    caller: oneshot::Sender<Result<W::Answer>>,
}

/// A [`Job`] of any kind of write.
trait Step: Send {
    fn run<'a>(
        &'a mut self,
        db: &'a mut SqliteConnection,
    ) -> BoxFuture<'a, std::result::Result<(), Fault>>;
    fn finish(self: Box<Self>, outcome: Result<()>);
}

impl<W: Write> Step for Job<W> {
    fn run<'a>(
        &'a mut self,
        db: &'a mut SqliteConnection,
    ) -> BoxFuture<'a, std::result::Result<(), Fault>> {
        Box::pin(async move {
            self.answer = Some(self.write.apply(db).await?);
            Ok(())
        })
    }

    fn finish(self: Box<Self>, outcome: Result<()>) {
        let answer = match (outcome, self.answer) {
            (Ok(()), Some(answer)) => Ok(answer),
            (Err(error), _) => Err(error),
            (Ok(()), None) => return,
        };
        // A caller that no longer waits has lost interest; the write stands.
        let _ = self.caller.send(answer);
    }
}

enum Message {
    Step(Box<dyn Step>),
    Close(oneshot::Sender<()>),
}

/// The way into the queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    sender: mpsc::Sender<Message>,
    path: PathBuf,
}

impl Queue {
    /// Starts the writer.
    pub(crate) fn start(db: SqliteConnection, path: PathBuf, queue_max: usize) -> Self {
        let (sender, receiver) = mpsc::channel(queue_max.max(1));
        let writer = Writer {
            db,
            path: path.clone(),
            poisoned: None,
        };
        tokio::spawn(writer.run(receiver));
        Self { sender, path }
    }

    /// Writes; returns when the transaction is committed.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Answer> {
        let (caller, answer) = oneshot::channel();
        let job = Job {
            write,
            answer: None,
            caller,
        };
        let message = Message::Step(Box::new(job));
        if self.sender.send(message).await.is_err() {
            return Err(self.closed());
        }
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Lets the queue run dry and closes the connection.
    pub(crate) async fn close(&self) {
        let (caller, done) = oneshot::channel();
        if self.sender.send(Message::Close(caller)).await.is_ok() {
            let _ = done.await;
        }
    }

    fn closed(&self) -> StateError {
        StateError::Stopped {
            path: self.path.clone(),
            why: "state is closed".to_owned(),
        }
    }
}

struct Writer {
    db: SqliteConnection,
    path: PathBuf,
    poisoned: Option<StateError>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut waiting = Vec::new();
        let mut closers = Vec::new();
        while queue.recv_many(&mut waiting, BATCH_MAX).await > 0 {
            let mut batch = Vec::with_capacity(waiting.len());
            for message in waiting.drain(..) {
                match message {
                    Message::Step(step) => batch.push(step),
                    Message::Close(caller) => {
                        queue.close();
                        closers.push(caller);
                    }
                }
            }
            self.commit(batch).await;
        }
        // The last connection moves the log into the file as it closes; when that
        // fails the log stays beside the file and is read at the next start.
        let _ = self.db.close().await;
        for caller in closers {
            let _ = caller.send(());
        }
    }

    async fn commit(&mut self, mut batch: Vec<Box<dyn Step>>) {
        if batch.len() > 1 && self.poisoned.is_none() && self.transact(&mut batch).await.is_ok() {
            for step in batch {
                step.finish(Ok(()));
            }
            return;
        }
        for step in batch {
            let mut alone = [step];
            let outcome = match &self.poisoned {
                Some(error) => Err(error.clone()),
                None => match self.transact(&mut alone).await {
                    Ok(()) => Ok(()),
                    Err(fault) => Err(fault.told("write", &self.path)),
                },
            };
            let [step] = alone;
            step.finish(outcome);
        }
    }

    /// Runs all steps in one transaction.
    async fn transact(&mut self, steps: &mut [Box<dyn Step>]) -> std::result::Result<(), Fault> {
        let outcome = self.attempt(steps).await;
        if let Err(fault) = &outcome {
            // A full disk has rolled back already, and then this fails.
            let _ = execute(&mut self.db, "ROLLBACK").await;
            if fault.poisons() {
                self.poisoned = Some(poison(&self.path, fault));
            }
        }
        outcome
    }

    async fn attempt(&mut self, steps: &mut [Box<dyn Step>]) -> std::result::Result<(), Fault> {
        execute(&mut self.db, "BEGIN IMMEDIATE").await?;
        for step in steps {
            step.run(&mut self.db).await?;
        }
        execute(&mut self.db, "COMMIT").await
    }
}

fn poison(path: &Path, fault: &Fault) -> StateError {
    StateError::Stopped {
        path: path.to_owned(),
        why: format!(
            "the disk failed to keep what it was given ({}); check it and restart",
            fault.told("sync", path)
        ),
    }
}

async fn execute(
    db: &mut SqliteConnection,
    statement: &'static str,
) -> std::result::Result<(), Fault> {
    sqlx::query(statement).execute(db).await?;
    Ok(())
}
