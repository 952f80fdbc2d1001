//! The cost of calls: one, a long list, a large response, many at once. Each runs in its own process.

use crate::figure::{Figure, Table};
use crate::machine::{NO_VALGRIND, Worker, has_valgrind, in_turn};
use crate::plan::{Plan, Result, progress};

/// The number of instructions of one unit of work: the difference between two runs, divided by `times`, the additional
/// units of the second run. The start and the end of the process are therefore not counted.
fn instructions(worker: &Worker, times: usize, arguments: impl Fn(usize) -> Vec<String>) -> Result<f64> {
    let counted = |times: usize| {
        let arguments = arguments(times);
        worker.instructions(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    Ok((counted(2 * times)? - counted(times)?) / times as f64)
}

pub(crate) fn calls(plan: &Plan, table: &mut Table) -> Result<()> {
    let worker = Worker::build()?;
    let server = worker.serve()?;
    progress("calling");
    let what = "calling: instructions of one call on loopback, against reqwest and serde by hand";
    if has_valgrind() {
        let of = |who: &str| {
            let command = |calls: usize| vec!["call".to_owned(), who.to_owned(), calls.to_string(), server.url.clone()];
            instructions(&worker, 400, command)
        };
        table.add(Figure::new(what, of("ours")?, "instructions").against(of("plain")?).ratio_at_most(1.05));
    } else {
        table.left_out(what, NO_VALGRIND);
    }
    let calls: u32 = if plan.quick { 1_000 } else { 5_000 };
    let of = |who: &'static str| {
        let (worker, url) = (&worker, &server.url);
        move || worker.run(&["call", who, &calls.to_string(), url])
    };
    let (ours, plain) = in_turn(plan.rounds(), of("ours"), of("plain"))?;
    let each = |seconds: f64| seconds * 1e6 / f64::from(calls);
    let what = "calling: time of the same, including the server's";
    table.add(Figure::new(what, each(ours.seconds), "us").against(each(plain.seconds)));
    Ok(())
}

pub(crate) fn lists(plan: &Plan, table: &mut Table) -> Result<()> {
    let worker = Worker::build()?;
    let server = worker.serve()?;
    progress("listing");
    let (many, few) = if plan.quick { (20_000, 2_000) } else { (100_000, 10_000) };
    let of = |connectors: u32| {
        let (worker, url) = (&worker, &server.url);
        move || worker.run(&["list", &connectors.to_string(), "0", "0", url])
    };
    let (large, small) = in_turn(2, of(many), of(few))?;
    let what = format!("listing: peak memory for {many} connectors, against {few}");
    table.add(Figure::new(what, large.peak()?, "MB").against(small.peak()?).ratio_at_most(1.1));

    // A hundred pages show the ratio as well as a thousand.
    let connectors = if plan.quick { "2000" } else { "10000" };
    let of = |ahead: &'static str| {
        let (worker, url) = (&worker, &server.url);
        move || worker.run(&["list", connectors, "20", ahead, url])
    };
    let (ahead, after) = in_turn(2, of("1"), of("0"))?;
    let what = "listing: one page read ahead, 20 ms to fetch one and 20 ms to use it, against page after page";
    table.add(Figure::new(what, ahead.seconds, "s").against(after.seconds).ratio_at_most(1.0 / 1.6));
    Ok(())
}

pub(crate) fn decoding(plan: &Plan, table: &mut Table) -> Result<()> {
    let worker = Worker::build()?;
    progress("decoding and encoding");
    let milliseconds = |seconds: f64| seconds * 1000.0;
    for (verb, what) in [("decode", "decoding"), ("encode", "encoding")] {
        let of = |who: &'static str| {
            let worker = &worker;
            move || worker.run_keeping_memory(&[verb, who, "5"])
        };
        let (ours, plain) = in_turn(plan.rounds(), of("ours"), of("plain"))?;
        let row = format!("{what}: a list of 10 MB, against structs by hand");
        let figure = Figure::new(row, milliseconds(ours.seconds), "ms").against(milliseconds(plain.seconds));
        table.add(figure.ratio_at_most(1.0));
        let of = |who: &'static str| {
            let worker = &worker;
            move || worker.run(&[verb, who, "5"])
        };
        let (ours, plain) = in_turn(plan.rounds(), of("ours"), of("plain"))?;
        let row = format!("{what}: the same, while the allocator returns memory to the system when it likes");
        table.add(Figure::new(row, milliseconds(ours.seconds), "ms").against(milliseconds(plain.seconds)));
        let row = format!("{what}: instructions of the same, and of dropping it");
        if has_valgrind() {
            let of = |who: &str| {
                let command = |times: usize| vec![verb.to_owned(), who.to_owned(), times.to_string()];
                instructions(&worker, 1, command).map(|count| count / 1e6)
            };
            table.add(Figure::new(row, of("ours")?, "million").against(of("plain")?));
        } else {
            table.left_out(&row, NO_VALGRIND);
        }
    }
    Ok(())
}

pub(crate) fn concurrency(plan: &Plan, table: &mut Table) -> Result<()> {
    const TASKS: u32 = 1_000;
    let worker = Worker::build()?;
    let server = worker.serve()?;
    progress("calling from many tasks");
    let calls = if plan.quick { 5 } else { 20 };
    let of = |who: &'static str| {
        let (worker, url) = (&worker, &server.url);
        move || worker.run(&["tasks", who, &TASKS.to_string(), &calls.to_string(), url])
    };
    let (ours, plain) = in_turn(plan.rounds(), of("ours"), of("plain"))?;
    let each = |seconds: f64| seconds * 1e6 / f64::from(TASKS * calls);
    let what = "concurrency: time for a call, 1000 tasks with one client, against reqwest and serde by hand";
    table.add(Figure::new(what, each(ours.seconds), "us").against(each(plain.seconds)).ratio_at_most(1.05));
    let what = "concurrency: CPU time of the client for the same";
    table.add(Figure::new(what, each(ours.cpu()?), "us").against(each(plain.cpu()?)));
    Ok(())
}
