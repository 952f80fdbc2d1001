//! Unions beside properties and other unions: `codegen/tests/documents/unions.yaml`, typed.

use std::collections::BTreeMap;

use roundtrip::document_unions::types::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a value, and checks that it is written without a change.
fn read<T: DeserializeOwned + Serialize>(text: &str) -> T {
    let value: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let before: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(&value).unwrap(), before, "{text}");
    value
}

#[test]
fn a_branch_that_only_narrows_a_property_keeps_its_type() {
    let message: Message = read(r#"{"event":"count","data":"7","retry":1}"#);
    let (event, data): (MessageEvent, Option<String>) = (message.event, message.data);
    assert_eq!((event, data.as_deref()), (MessageEvent::Count, Some("7")));
    let shape: Shape = read(r#"{"kind":"cube","size":3,"label":"s","state":"open","more":null}"#);
    let (size, label, state): (i64, Option<String>, Option<String>) = (shape.size, shape.label, shape.state);
    assert_eq!((shape.kind, size), (ShapeKind::Cube, 3));
    assert_eq!((label.as_deref(), state.as_deref()), (Some("s"), Some("open")));
}

#[test]
fn a_property_with_a_type_in_each_branch_is_one_union() {
    let data = |text: &str| read::<Report>(text).data.flatten().unwrap();
    assert!(matches!(data(r#"{"id":"a","data":{"at":"now"}}"#), ReportData::StartedData(it) if it.at == "now"));
    assert!(matches!(data(r#"{"id":"a","error":"e","data":{"code":4}}"#), ReportData::FailedData(it) if it.code == 4));
    assert!(matches!(data(r#"{"id":"a","total":2,"data":2}"#), ReportData::Integer(2)));
    assert!(matches!(data(r#"{"id":"a","name":"n","data":"x"}"#), ReportData::String(text) if text == "x"));
    let about = read::<Report>(r#"{"id":"a","data":{"at":"now"},"about":{"note":"n","by":"b","z":1}}"#).about.unwrap();
    assert_eq!((about.note.as_deref(), about.by.as_deref()), (Some("n"), Some("b")));
    let body = |text: &str| read::<Part>(text).body.unwrap();
    assert!(matches!(body(r#"{"sort":"b","body":{"right":1}}"#), PartBody::ObjectWithRight(it) if it.right == 1));
    assert!(matches!(body(r#"{"sort":"a","body":{"left":"l"}}"#), PartBody::ObjectWithLeft(it) if it.left == "l"));
    let tree: Tree = read(r#"{"name":"a","next":{"left":{"next":{"value":1,"up":{"name":"b"}}}}}"#);
    assert!(matches!(tree.next.as_deref(), Some(TreeNext::BranchNext(_))), "{tree:?}");
}

#[test]
fn two_unions_at_once_keep_the_properties_of_all_branches() {
    let contact: Contact = read(r#"{"name":"n","phone":"1","zip":"z"}"#);
    assert_eq!((contact.phone.as_deref(), contact.zip.as_deref(), contact.mail), (Some("1"), Some("z"), None));
    let parcel: Parcel = read(r#"{"id":"i","pieces":2,"road":"r","other":[]}"#);
    assert_eq!((parcel.id.as_deref(), parcel.pieces, parcel.road.as_deref()), (Some("i"), Some(2), Some("r")));
}

#[test]
fn the_values_of_an_inner_mapping_select_the_outer_variant() {
    assert!(matches!(read(r#"{"type":"img","width":1}"#), Content::Media(Media::Image(_))));
    assert!(matches!(read(r#"{"type":"vid"}"#), Content::Media(Media::Video(_))));
    assert!(matches!(read(r#"{"type":"Media"}"#), Content::Media(Media::Unknown(_))));
    assert!(matches!(read(r#"{"type":"Text","body":"b"}"#), Content::Text(_)));
    assert!(matches!(read(r#"{"type":"other","body":"b"}"#), Content::Unknown(_)));
}

#[test]
fn a_branch_without_unevaluated_properties_is_closed() {
    assert!(matches!(read(r#"{"ok":true}"#), Answer::Short(_)));
    assert!(matches!(read(r#"{"ok":true,"more":1}"#), Answer::Long(_)));
    assert!(matches!(read(r#"{"ok":true,"why":"w"}"#), Answers::ShortMore(_)));
    assert!(matches!(read(r#"{"ok":true,"why":"w","more":1}"#), Answers::Long(_)));
}

#[test]
fn required_keys_that_are_not_declared_tell_branches_apart() {
    assert!(matches!(read(r#"{"column":"c","x":"y"}"#), Table::ByColumn(_)));
    assert!(matches!(read(r#"{"row":"r","x":"y"}"#), Table::ByRow(_)));
    let _: &BTreeMap<String, String> = match &read(r#"{"row":"r"}"#) {
        Table::ByRow(map) => map,
        other => panic!("{other:?}"),
    };
}

#[test]
fn where_a_parent_is_used_its_children_are_read() {
    let all = |text: &str| read::<All>(&format!(r#"{{"device":{text}}}"#)).device.unwrap();
    assert!(
        matches!(all(r#"{"model":"mobile","serial":"s","number":"1"}"#), Device::Phone(it) if it.number.as_deref() == Some("1"))
    );
    let smart = all(r#"{"model":"SmartPhone","serial":"s","number":"1","apps":2,"more":null}"#);
    assert!(matches!(smart, Device::SmartPhone(it) if it.apps == Some(2) && it.serial.as_deref() == Some("s")));
    assert!(matches!(all(r#"{"model":"Server","rack":2}"#), Device::Server(it) if it.rack == Some(2)));
    // The value of the parent itself, and one that the document does not know.
    for text in [r#"{"model":"plain","serial":"s"}"#, r#"{"model":"watch","serial":"s","strap":[1.50]}"#] {
        assert!(matches!(all(text), Device::DeviceBase(it) if it.serial.as_deref() == Some("s")));
    }
    assert!(matches!(all("7"), Device::Unknown(_)));
    // By an `allOf` that adds nothing it is the same; one that adds a property has those of the parent itself.
    let lent: All = read(r#"{"leased":{"model":"Server","rack":2},"sold":{"model":"x","serial":"s","price":3}}"#);
    assert!(matches!(lent.leased, Some(Device::Server(_))));
    let sold = lent.sold.unwrap();
    assert_eq!((sold.serial.as_deref(), sold.price), (Some("s"), Some(3)));
    // What is written has the tag.
    let machine: Machine = Server::new(String::new()).into();
    let _: Device = machine;
    let written = serde_json::to_value(Device::from(Server::new("Server".to_owned()).rack(4))).unwrap();
    assert_eq!(written, serde_json::json!({"model": "Server", "rack": 4}));
}

#[test]
fn a_value_without_a_tag_stays_without_and_a_new_one_has_it() {
    for text in [
        r#"{"item":{"words":"w"}}"#,
        r#"{"item":{"kind":null,"seconds":1}}"#,
        r#"{"item":{"file":"f"}}"#,
        r#"{"item":{"kind":"sound","file":"f"}}"#,
        r#"{"item":{"seconds":1}}"#,
    ] {
        let all: All = read(text);
        assert!(!matches!(all.item, Some(Item::Unknown(_)) | None), "{text}");
    }
    let written = |item: Item| serde_json::to_value(item).unwrap()["kind"].clone();
    assert_eq!(written(Line::new("w".to_owned()).into()), "line");
    assert_eq!(written(Pause::new(1).into()), "pause");
    assert_eq!(written(Pause::new(1).kind_null().into()), Value::Null);
    assert_eq!(written(Sound::new("f".to_owned()).into()), "sound");
    // This one has another tag in another union.
    let scene = || Scene::new(2);
    assert_eq!((scene().kind, written(scene().into())), (None, "scene".into()));
    assert_eq!(serde_json::to_value(FramePart::from(scene())).unwrap()["kind"], "backdrop");
    // In another union, the value of this one would select another variant.
    assert_eq!(Tone::new(1).kind, None);
    assert_eq!(written(Tone::new(1).into()), "tone");
    let other = FrameBack::from(Tone::new(1));
    assert!(matches!(read(&serde_json::to_string(&other).unwrap()), FrameBack::Tone(_)));
}

#[test]
fn a_child_may_be_a_parent_by_another_property() {
    let all = |text: &str| read::<All>(&format!(r#"{{"vehicle":{text}}}"#)).vehicle.unwrap();
    assert!(matches!(all(r#"{"kind":"Car","wheels":4,"doors":5}"#), Vehicle::Car(it) if it.doors == Some(5)));
    let truck = |text: &str| match all(text) {
        Vehicle::Truck(truck) => truck,
        other => panic!("{other:?}"),
    };
    let tanker = truck(r#"{"kind":"Truck","cargo":"liquid","wheels":6,"liters":9}"#);
    assert!(matches!(tanker, Truck::Tanker(it) if (it.liters, it.wheels) == (Some(9), Some(6))));
    assert!(matches!(truck(r#"{"kind":"Truck","cargo":"sand"}"#), Truck::TruckBase(_)));
    assert!(matches!(all(r#"{"kind":"Boat"}"#), Vehicle::VehicleBase(_)));
}
