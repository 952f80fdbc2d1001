//! The time to read unions that contain each other, in a release build.

use std::fs;
use std::process::Command;

use connectors_codegen::{Generator, Node};

use crate::client::{Crate, runtime};
use crate::figure::{Figure, Table};
use crate::machine::finished;
use crate::plan::{Plan, Result, progress};

const BUILD: [&str; 2] = ["build", "--release"];
/// The most that one text of 64 levels may take, in milliseconds.
const MOST: f64 = 10.0;

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    if plan.quick {
        table.left_out("unions", "it needs a release build, so `--quick` skips it");
        return Ok(());
    }
    progress("building a program that reads unions");
    let client = Generator::new(Node::parse("unions.yaml", DOCUMENT)?).generate()?;
    let written = Crate::new("releasing", "unions", &client.code, &runtime())?;
    fs::write(written.folder().join("src/main.rs"), PROGRAM)?;
    written.prepare(&BUILD)?;
    let program = written.folder().join("../target/release").join(format!("checked{}", std::env::consts::EXE_SUFFIX));
    for (union, what) in [
        ("tagged", "with a discriminator"),
        ("untagged", "without one"),
        ("twin", "distinguished by the innermost value"),
    ] {
        let read = |levels: &str| -> Result<f64> {
            let output = finished(Command::new(&program).args([union, levels]))?;
            Ok(String::from_utf8(output.stdout)?.trim().parse::<f64>()? / 1000.0)
        };
        let (deep, flat) = (read("64")?, read("8")?);
        let row = format!("unions: 64 levels, {what}");
        table.add(Figure::new(row, deep, "ms").at_most(MOST));
        // Eight times the size. Some of the time does not depend on it.
        let row = format!("unions: 64 levels, {what}, against 8 times 8 levels");
        table.add(Figure::new(row, deep, "ms").against(8.0 * flat).ratio_at_most(1.5));
    }
    Ok(())
}

const DOCUMENT: &str = "
openapi: 3.1.0
info: {title: Unions, version: '1'}
paths:
  /rules:
    post:
      operationId: addRule
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/All'}}}}
      responses: {'204': {description: added}}
components:
  schemas:
    All:
      type: object
      properties:
        tagged: {$ref: '#/components/schemas/Tagged'}
        untagged: {$ref: '#/components/schemas/Untagged'}
        twin: {$ref: '#/components/schemas/Twin'}
    Tagged:
      oneOf: [{$ref: '#/components/schemas/Every'}, {$ref: '#/components/schemas/Test'}]
      discriminator: {propertyName: op, mapping: {every: '#/components/schemas/Every', test: '#/components/schemas/Test'}}
    Every: {type: object, required: [op, of], properties: {op: {type: string}, of: {type: array, items: {$ref: '#/components/schemas/Tagged'}}}}
    Test: {type: object, required: [op], properties: {op: {type: string}, field: {type: string}}}
    Untagged: {oneOf: [{$ref: '#/components/schemas/Both'}, {$ref: '#/components/schemas/Not'}, {type: string}]}
    Both: {type: object, required: [both], properties: {both: {type: array, items: {$ref: '#/components/schemas/Untagged'}}}}
    Not: {type: object, required: [not], properties: {not: {$ref: '#/components/schemas/Untagged'}}}
    Twin: {oneOf: [{$ref: '#/components/schemas/Left'}, {$ref: '#/components/schemas/Right'}]}
    Left: {type: object, required: [next], properties: {next: {oneOf: [{$ref: '#/components/schemas/Twin'}, {type: string}]}}}
    Right: {type: object, required: [next], properties: {next: {oneOf: [{$ref: '#/components/schemas/Twin'}, {type: integer}]}}}
";

/// Prints the microseconds for one text, the lowest of some rounds.
const PROGRAM: &str = r##"use std::time::{Duration, Instant};

use checked::types::{Tagged, Twin, Untagged};

fn nested(levels: usize, innermost: &str, around: impl Fn(String, usize) -> String) -> String {
    (0..levels).fold(innermost.to_owned(), around)
}

fn time<T: serde::de::DeserializeOwned + serde::Serialize>(text: &str) -> Duration {
    let value: T = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&value).unwrap(), text);
    let round = || {
        let start = Instant::now();
        for _ in 0..20 {
            std::hint::black_box(serde_json::from_str::<T>(std::hint::black_box(text)).unwrap());
        }
        start.elapsed() / 20
    };
    (0..20).map(|_| round()).min().unwrap()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let levels: usize = arguments[1].parse().unwrap();
    let time = match arguments[0].as_str() {
        "tagged" => time::<Tagged>(&nested(levels, r#"{"op":"test","field":"f"}"#, |inner, _| {
            format!(r#"{{"op":"every","of":[{inner}]}}"#)
        })),
        "untagged" => time::<Untagged>(&nested(levels, r#""a""#, |inner, level| match level % 2 {
            0 => format!(r#"{{"both":[{inner}]}}"#),
            _ => format!(r#"{{"not":{inner}}}"#),
        })),
        _ => time::<Twin>(&nested(levels, "1", |inner, _| format!(r#"{{"next":{inner}}}"#))),
    };
    println!("{}", time.as_nanos() as f64 / 1000.0);
}
"##;
