//! A person logs in, and lets a connector into what it reads. `cargo run --features pipeshub --example pipeshub_oauth`
//!
//! Runs against an instance in this process; for a real one, `Client::from_env()` in place of the first lines.

use std::error::Error;

use connectors::pipeshub::Client;
use connectors_fake::pipeshub::Instance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let ph = Client::builder()
        .instance(instance.url())
        .client_credentials(instance.client_id(), instance.client_secret())
        .build()?;

    // The connector first: the one with the token need not be the one in the browser.
    let connector = ph.connector("drive-01");
    let consent = connector.authorize(None).await?;
    println!("a person opens a page of {}", consent.url().split('?').next().unwrap_or_default());
    // A browser comes back to an address with a code in it; the instance plays the browser here.
    let came_back_to = instance.authorize(consent.url());
    consent.finish(&came_back_to).await?;
    println!("let in: {:?}", connector.get().await?.is_authenticated);

    // And a person who logs in to PipesHub itself, with an OAuth app of the instance. The refresh token is the program's to
    // keep: each use replaces it.
    let login = Client::builder()
        .instance(instance.url())
        .on_rotate(|token| println!("a refresh token of {} characters to keep", token.len()))
        .authorization_code(instance.client_id(), "http://127.0.0.1:8000/done")?;
    // Browsers ask for icons as well, and anybody on this machine can ask for anything.
    let mut requests = ["/favicon.ico".to_owned(), instance.authorize(login.url())].into_iter();
    let came_back_to = requests.find(|address| login.is_answer(address)).ok_or("the browser did not come back")?;
    let person = login.finish(&came_back_to).await?;
    println!("logged in: {}", person.connector("drive-01").get().await?.instance_name.unwrap_or_default());
    Ok(())
}
