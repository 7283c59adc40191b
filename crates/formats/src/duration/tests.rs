use super::*;
use serde_json::json;

#[track_caller]
fn check(value: &Value, expected: &str) {
    let read = match Time::of_value(value) {
        Time::Minutes(minutes) => minutes.to_string(),
        Time::NotStated => "not stated".to_owned(),
        Time::Unread(_) => "unread".to_owned(),
    };
    assert_eq!(read, expected, "{value}");
}

/// The durations of real pages, each read by eye.
#[test]
fn durations_of_web_pages_are_read_as_in_the_table() {
    let table = include_str!("../../tests/data/durations.tsv");
    for line in table.lines() {
        let (value, expected) = line.split_once('\t').unwrap();
        check(&serde_json::from_str(value).unwrap(), expected);
    }
    assert_eq!(table.lines().count(), 71);
}

#[test]
fn other_notations_are_read_too() {
    for (value, expected) in [
        (json!("PT90M"), "90"),
        (json!("P0DT1H30M"), "90"),
        (json!("PT0H0M"), "not stated"),
        (json!("PT1H30M0S"), "90"),
        (json!("PT1.5H"), "90"),
        (json!("PT0,5H"), "30"),
        (json!("PT1H30"), "90"),
        (json!("PT5400S"), "90"),
        (json!("PT20S"), "1"),
        (json!("pt30m"), "30"),
        (json!("PT 30 M"), "30"),
        (json!("PT20MIN"), "20"),
        (json!("P1W"), "10080"),
        (json!("P0Y0M0DT0H35M0.000S"), "35"),
        (json!("P1Y"), "not stated"),
        (json!("P2M1DT1H"), "not stated"),
        (json!("PT99999999999M"), "not stated"),
        (json!("PT-10M"), "not stated"),
        (json!("1 hr 20 min"), "80"),
        (json!("1 hour, 20 minutes"), "80"),
        (json!("1h30"), "90"),
        (json!("1:30"), "90"),
        (json!("0:45 h"), "45"),
        (json!("1 1/2 hours"), "90"),
        (json!("1½ Stunden"), "90"),
        (json!("1,5 Std."), "90"),
        (json!("ca. 45 Min."), "45"),
        (json!("20-25 minutes"), "25"),
        (json!("1 to 2 hours"), "120"),
        (json!("1 heure et 10 minutes"), "70"),
        (json!("2 horas"), "120"),
        (json!("1小时30分钟"), "90"),
        (json!("an hour"), "60"),
        (json!("2 days"), "2880"),
        (json!("45"), "45"),
        (json!(45), "45"),
        (json!(0), "not stated"),
        (json!("30 minutes plus chilling"), "unread"),
        (json!("overnight"), "unread"),
        (json!("5 or so"), "unread"),
        (json!("10 20 minutes"), "unread"),
        (json!({"@type": "Duration", "maxValue": "PT30M", "minValue": "PT20M"}), "30"),
        (json!({"@type": "QuantitativeValue", "value": 2, "unitCode": "HUR"}), "120"),
        (json!(["", "PT10M"]), "10"),
        (json!({}), "not stated"),
        (json!(null), "not stated"),
        (json!(true), "not stated"),
    ] {
        check(&value, expected);
    }
}
