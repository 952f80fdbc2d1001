//! The worker processes of `cargo xtask bench`: a minimal server, and one measurement at a time against it, with our
//! client or with hand-written code. The result is printed as a line of JSON.

mod calls;
mod decoding;
mod listing;
mod plain;
mod result;
mod sample;
mod server;
mod usage;

use std::process::ExitCode;

use crate::result::Result;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    let measured = match arguments {
        ["serve"] => return server::serve(),
        ["call", who, calls, server] => calls::one_by_one(who, calls.parse()?, server)?,
        ["tasks", who, tasks, calls, server] => calls::at_once(who, tasks.parse()?, calls.parse()?, server)?,
        ["list", connectors, latency, ahead, server] => {
            listing::list(connectors.parse()?, latency.parse()?, ahead.parse()?, server)?
        }
        ["decode", who, times] => decoding::decode(who, times.parse()?)?,
        ["encode", who, times] => decoding::encode(who, times.parse()?)?,
        _ => return Err("this program is a part of `cargo xtask bench`; run that command".into()),
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measurement_works() {
        let (_runtime, url) = server::start().unwrap();
        for who in ["ours", "plain"] {
            calls::one_by_one(who, 2, &url).unwrap();
            calls::at_once(who, 20, 2, &url).unwrap();
            assert!(decoding::decode(who, 1).unwrap().seconds > 0.0);
            assert!(decoding::encode(who, 1).unwrap().seconds > 0.0);
        }
        for ahead in [0, 1] {
            listing::list(1_000, 0, ahead, &url).unwrap();
        }
        assert!(listing::list(50, 0, 0, &url).is_err(), "the server serves full pages only");
        assert!(run(&["call", "nobody", "1", &url]).is_err());
    }
}
