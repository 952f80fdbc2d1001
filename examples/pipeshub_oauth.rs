//! Authorizes a connector at its source, and logs in a person. `cargo run --features pipeshub --example pipeshub_oauth`
//!
//! Runs against a fake instance in this process. For a real one, use `Client::from_env()` instead of the first lines.

use std::error::Error;

use connectors::auth::{ExposeSecret, SecretString};
use connectors::pipeshub::{BrowserLogin, Client, Credentials};
use connectors_fake::pipeshub::Instance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;

    // First the connector: the person at the browser need not be the owner of the token.
    let connector = ph.connector("drive-01");
    let consent = connector.authorize(None).await?;
    println!("a person opens a page of {}", consent.url().split('?').next().unwrap_or_default());
    // The provider redirects the browser to a URL with a code. The fake instance acts as the browser here.
    let came_back_to = instance.authorize(consent.url());
    consent.finish(&came_back_to).await?;
    println!("authorized: {:?}", connector.get().await?.is_authenticated);

    // Then a person logs in to PipesHub itself, with an OAuth app of the instance. The program stores each new refresh
    // token: it replaces the previous one.
    let login = BrowserLogin::new(instance.client_id(), "http://127.0.0.1:8000/done")
        .instance(instance.url())
        .on_rotate(|token: SecretString| async move {
            println!("a refresh token of {} characters to store", token.expose_secret().len());
            Ok::<_, std::io::Error>(())
        })
        .begin()?;
    // Browsers ask for icons as well, and any program on this machine can send a request to the port.
    let mut requests = ["/favicon.ico".to_owned(), instance.authorize(login.url())].into_iter();
    let came_back_to = requests.find(|address| login.is_response(address)).ok_or("the browser was not redirected")?;
    let person = login.finish(&came_back_to).await?;
    println!("logged in: {:?}", person.connector("drive-01").get().await?.instance_name);
    Ok(())
}
