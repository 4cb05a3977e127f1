//! A thread of the kit's own, with a queue.
//!
//! The thread starts when there is a job, and ends when there has been none for a while: a library that another
//! build has replaced stays mapped for ever, but need not keep threads for that.
//!
//! The thread ends only while nobody has a [`Lease`]. Each job in the queue has one, and whoever must be able to
//! queue a job later, without fail, takes one beforehand.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The state of a worker whose thread runs, and what each lease adds to that.
const RUNNING: usize = 1;
const LEASE: usize = 2;

pub(crate) struct Worker<T: 'static> {
    name: &'static str,
    idle: fn() -> Duration,
    run: fn(&Jobs<T>),
    /// Whether the thread runs and how many leases there are, together, so that neither changes unseen while
    /// the other one is decided on.
    state: AtomicUsize,
    starting: Mutex<()>,
    queue: Sender<(T, Lease)>,
    jobs: Mutex<Receiver<(T, Lease)>>,
}

impl<T: Send> Worker<T> {
    /// A worker whose thread runs `run`, which takes jobs until it is given none, and ends when there was no job
    /// for as long as `idle` says.
    pub(crate) fn new(name: &'static str, idle: fn() -> Duration, run: fn(&Jobs<T>)) -> Worker<T> {
        let (queue, jobs) = channel();
        Worker {
            name,
            idle,
            run,
            state: AtomicUsize::new(0),
            starting: Mutex::new(()),
            queue,
            jobs: Mutex::new(jobs),
        }
    }

    /// Queues a job.
    ///
    /// # Errors
    /// Gives it back where there is no thread and the system has none to give. That cannot be while there is a
    /// lease.
    pub(crate) fn submit(&'static self, job: T) -> Result<(), T> {
        match self.lease() {
            Some(lease) => self.queue.send((job, lease)).map_err(|unsent| unsent.0.0),
            None => Err(job),
        }
    }

    /// Keeps the thread from ending; `None` where there is none and the system has none to give.
    pub(crate) fn lease(&'static self) -> Option<Lease> {
        let before = self.state.fetch_add(LEASE, Ordering::AcqRel);
        let lease = Lease { state: &self.state };
        (before & RUNNING != 0 || self.start()).then_some(lease)
    }

    /// Starts the thread; whether there is one. Whoever calls this has counted for a lease, so that a thread
    /// which runs does not end meanwhile.
    #[cold]
    fn start(&'static self) -> bool {
        let _starting = lock(&self.starting);
        if self.state.load(Ordering::Acquire) & RUNNING != 0 {
            return true;
        }
        let thread = thread::Builder::new().name(self.name.to_owned());
        let started = thread.spawn(|| self.work()).is_ok();
        if started {
            self.state.fetch_or(RUNNING, Ordering::AcqRel);
        }
        started
    }

    fn work(&'static self) {
        // The thread before this one may have decided to end, and not come to it yet.
        let queue = lock(&self.jobs);
        let jobs = Jobs {
            worker: self,
            queue,
        };
        // A job that panics, which the hook tells of, does not take along those that wait behind it.
        while let Err(payload) = catch_unwind(AssertUnwindSafe(|| (self.run)(&jobs))) {
            std::mem::forget(payload);
        }
    }

    /// Whether the thread is to end: from now on, whoever has a job starts another one.
    fn end(&self) -> bool {
        let (from, to) = (RUNNING, 0);
        self.state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }
}

/// While there is one, the thread of its worker does not end.
pub(crate) struct Lease {
    state: &'static AtomicUsize,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.state.fetch_sub(LEASE, Ordering::Release);
    }
}

/// The queue, for the worker's thread.
pub(crate) struct Jobs<T: 'static> {
    worker: &'static Worker<T>,
    queue: MutexGuard<'static, Receiver<(T, Lease)>>,
}

impl<T: Send> Jobs<T> {
    /// Waits for a job; `None` when the thread has been idle for long enough and must end at once.
    pub(crate) fn wait(&self) -> Option<T> {
        loop {
            let job = self.wait_for((self.worker.idle)());
            if job.is_some() || self.worker.end() {
                return job;
            }
        }
    }

    /// Waits for a job, but for no longer than `most`.
    pub(crate) fn wait_for(&self, most: Duration) -> Option<T> {
        let (job, _lease) = self.queue.recv_timeout(most).ok()?;
        Some(job)
    }

    /// Takes a job if there is one.
    pub(crate) fn take(&self) -> Option<T> {
        let (job, _lease) = self.queue.try_recv().ok()?;
        Some(job)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::mpsc::Sender;
    use std::thread::ThreadId;

    use super::*;

    /// Tells who submitted it, which one it is, and the thread that did it. One without a number panics.
    type Report = (usize, Option<u32>, ThreadId);
    type Job = (usize, Option<u32>, Sender<Report>);

    fn run(jobs: &Jobs<Job>) {
        while let Some((submitter, number, reports)) = jobs.wait() {
            assert!(number.is_some(), "a job without a number");
            reports
                .send((submitter, number, thread::current().id()))
                .unwrap();
        }
    }

    fn worker(idle: fn() -> Duration) -> &'static Worker<Job> {
        Box::leak(Box::new(Worker::new("test", idle, run)))
    }

    fn running(worker: &Worker<Job>) -> bool {
        worker.state.load(Ordering::Acquire) & RUNNING != 0
    }

    fn until_ended(worker: &Worker<Job>) {
        while running(worker) {
            thread::yield_now();
        }
    }

    /// Lets submitters race with a thread that ends whenever it finds nothing to do, and looks at the reports.
    fn race(idle: fn() -> Duration, pause: fn(u32)) -> usize {
        const SUBMITTERS: usize = 8;
        const JOBS: u32 = 2_000;
        let worker = worker(idle);
        let (reports, reported) = channel();
        for submitter in 0..SUBMITTERS {
            let reports = reports.clone();
            thread::spawn(move || {
                for number in 0..JOBS {
                    assert!(
                        worker
                            .submit((submitter, Some(number), reports.clone()))
                            .is_ok()
                    );
                    pause(number);
                }
            });
        }
        drop(reports);
        let mut next = [0; SUBMITTERS];
        let mut threads = HashMap::new();
        for (submitter, number, thread) in reported {
            assert_eq!(number, Some(next[submitter]));
            next[submitter] += 1;
            *threads.entry(thread).or_insert(0) += 1;
        }
        assert_eq!(next, [JOBS; SUBMITTERS]);
        until_ended(worker);
        assert_eq!(worker.state.load(Ordering::Acquire), 0);
        threads.len()
    }

    #[test]
    fn every_job_is_done_once_and_in_order_however_often_the_thread_ends() {
        let threads = race(|| Duration::ZERO, |_| thread::yield_now());
        assert!(threads > 1);
    }

    #[test]
    fn nor_is_one_lost_when_the_thread_ends_after_a_wait() {
        let pause = |number| thread::sleep(Duration::from_micros(u64::from(number % 64)));
        race(|| Duration::from_micros(20), pause);
    }

    #[test]
    fn a_thread_that_has_ended_is_followed_by_another() {
        let worker = worker(|| Duration::ZERO);
        let (reports, reported) = channel();
        let mut threads = Vec::new();
        for number in 0..3 {
            assert!(!running(worker));
            assert!(worker.submit((0, Some(number), reports.clone())).is_ok());
            threads.push(reported.recv().unwrap().2);
            until_ended(worker);
        }
        threads.dedup();
        assert_eq!(threads.len(), 3);
    }

    #[test]
    fn a_thread_does_not_end_while_there_is_a_lease() {
        let worker = worker(|| Duration::ZERO);
        let (reports, reported) = channel();
        let lease = worker.lease();
        assert!(lease.is_some() && running(worker));
        let threads: Vec<_> = (0..100)
            .map(|number| {
                assert!(worker.submit((0, Some(number), reports.clone())).is_ok());
                thread::yield_now();
                reported.recv().unwrap().2
            })
            .collect();
        assert!(threads.iter().all(|thread| *thread == threads[0]));
        drop(lease);
        until_ended(worker);
    }

    #[test]
    fn a_panic_costs_the_job_that_panics() {
        let worker = worker(|| Duration::from_millis(100));
        let (reports, reported) = channel();
        for number in [None, Some(1), None, Some(2)] {
            assert!(worker.submit((0, number, reports.clone())).is_ok());
        }
        drop(reports);
        let numbers: Vec<_> = reported.iter().map(|report| report.1).collect();
        assert_eq!(numbers, [Some(1), Some(2)]);
    }
}
