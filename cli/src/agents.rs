//! `connectors agents`: every command, its effects and its exit codes, for programs that read it before they run
//! commands.

use clap::{Arg, Command};
use serde_json::{Value, json};

use crate::commands;
use crate::ctx::Ctx;
use crate::fail::{CODES, Result};
use crate::out::VERSION;

pub fn run(ctx: &Ctx, command: &Command) -> Result {
    let mut rows = Vec::new();
    walk(command, &mut Vec::new(), &mut rows);
    let codes: Vec<Value> =
        CODES.iter().map(|(code, name, meaning)| json!({"code": code, "name": name, "meaning": meaning})).collect();
    let document = json!({
        "version": VERSION,
        "command": "agents",
        "rules": [
            "a write names the server on stderr before it is sent; --dry-run sends and writes nothing, and prints the change",
            "without a terminal each row is one JSON object on a line of stdout; --json prints one document with all rows",
            "not rows: `agents` always prints this document, and `completions`, `export` without --to and --folder, and `probe` without --json and --fields print text",
            "errors are text on stderr, also with --json: the exit code has their kind",
            "a deletion, and any other change that cannot be undone, needs --yes; `api` needs it for the method DELETE, and for a write whose operation has Delete, Revoke or Remove in its name",
            "after exit code 8 run the same command again only if it is `repeatable`, or check first",
            "pass secrets as env:NAME, file:PATH or cmd:COMMAND; they are not printed",
        ],
        "exitCodes": codes,
        "items": rows.iter().map(|row| ctx.out.pick(row)).collect::<Vec<_>>(),
    });
    ctx.out.text(&format!("{document:#}\n"))
}

fn walk(command: &Command, path: &mut Vec<String>, rows: &mut Vec<Value>) {
    let below: Vec<&Command> = command.get_subcommands().filter(|it| it.get_name() != "help").collect();
    if below.is_empty() {
        let name = path.join(" ");
        let about = command.get_about().map(ToString::to_string);
        let row = commands::row(&name);
        let arguments: Vec<Value> =
            command.get_arguments().filter(|it| !it.is_global_set() && it.get_id() != "help").map(argument).collect();
        rows.push(json!({
            "command": name,
            "about": about,
            "effect": row.map(|row| row.effect.name()),
            "repeatable": row.map(|row| row.effect.is_repeatable()),
            "example": row.map(|row| format!("connectors {}", row.example)),
            "arguments": arguments,
        }));
    }
    for next in below {
        path.push(next.get_name().to_owned());
        walk(next, path, rows);
        path.pop();
    }
}

fn argument(argument: &Arg) -> Value {
    json!({
        "name": argument.get_long().map_or_else(|| argument.get_id().to_string(), |long| format!("--{long}")),
        "required": argument.is_required_set(),
        "takesValue": argument.get_action().takes_values(),
        "about": argument.get_help().map(ToString::to_string),
    })
}
