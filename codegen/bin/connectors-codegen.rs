//! The command `connectors-codegen`.

fn main() -> std::process::ExitCode {
    connectors_codegen::cli::main()
}
