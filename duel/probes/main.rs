//! Runs one case of the probe and prints what it observed, as a line of JSON.

mod case;

#[tokio::main]
async fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let port = std::env::var("PROBE_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or_default();
    println!("{}", case::run(&name, port).await);
}
