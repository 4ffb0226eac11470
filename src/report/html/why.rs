//! Why each control does what it does, each reason once.

use serde::Serialize;
use serde_json::Value;

/// What is said of one control.
#[derive(Serialize)]
pub(super) struct OfControl {
    control: String,
    told: Vec<Told>,
}

/// One reason, and the threats it holds for.
#[derive(Serialize)]
struct Told {
    effect: String,
    threats: Vec<String>,
    /// Whether it is the only one.
    everywhere: bool,
    reason: String,
    source: String,
}

/// The reasons in a target's JSON, in the order of the table.
pub(super) fn by_control(data: &Value) -> Vec<OfControl> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut controls: Vec<OfControl> = Vec::new();
    for row in data["comparison"]["threats"].as_array().into_iter().flatten() {
        for cell in row["cells"].as_array().into_iter().flatten() {
            let name = text(&cell["control"]);
            if !controls.iter().any(|one| one.control == name) {
                controls.push(OfControl { control: name.clone(), told: Vec::new() });
            }
            let Some(control) = controls.iter_mut().find(|one| one.control == name) else { continue };
            let (effect, reason) = (text(&cell["effect"]), text(&cell["reason"]));
            match control.told.iter_mut().find(|told| told.effect == effect && told.reason == reason) {
                Some(told) => told.threats.push(text(&row["id"])),
                None => control.told.push(Told {
                    effect,
                    threats: vec![text(&row["id"])],
                    everywhere: false,
                    reason,
                    source: text(&cell["source"]),
                }),
            }
        }
    }
    for control in &mut controls {
        if let [only] = control.told.as_mut_slice() {
            only.everywhere = true;
        }
    }
    controls
}
