//! The output of the PipesHub demo.

use std::process::Command;

#[test]
fn the_demo_of_pipeshub_runs_from_end_to_end() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["demo", "--service", "pipeshub"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    for line in
        ["Registry", "on: it was read, toggled once", "on again: it was read, and nothing was sent", "and then gone"]
    {
        assert!(told.contains(line), "{told}");
    }
    assert!(!told.contains("not-a-real"), "{told}");
    assert!(told.contains("SYNCING -> ") && !told.contains("no sync was seen"), "{told}");
    let requests = told.lines().find_map(|line| line.split_once(" requests in all")).map(|(number, _)| number);
    let requests: usize = requests.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{told}"));
    assert!(requests <= 60, "{requests}");

    let nobody = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["demo", "--service", "nobody"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no demo of `nobody`"));
}
