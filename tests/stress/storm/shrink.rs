//! Looks for the fewest steps that still end wrong in the same way: a storm is long, and most of it has nothing to do with it.

use super::run::{OWN, Run};
use super::step::Step;
use super::{Storm, caught};

/// Leaves out what can be left out, in ever smaller parts.
pub fn shrink(storm: &Storm, mut steps: Vec<Step>, mut wrong: String) -> (Vec<Step>, String) {
    let still_wrong = |steps: &[Step], wrong: &mut String| {
        let mut run = Run::new(*storm);
        match caught(|| run.again(steps)) {
            Err(now) if kind(&now) == kind(wrong) && !now.starts_with(OWN) => {
                *wrong = now;
                true
            }
            _ => false,
        }
    };
    let mut part = steps.len() / 2;
    while part > 0 {
        let mut at = 0;
        while at < steps.len() {
            // Without its triggers any audit is wrong, and what comes before the first cycle is told to nobody.
            let begins = steps.iter().position(|step| *step == Step::Cycle);
            let stays =
                |own: usize, step: &Step| *step == Step::Setup || Some(own) == begins || own < at || own >= at + part;
            let numbered = steps.iter().enumerate().filter(|(own, step)| stays(*own, step));
            let mut fewer: Vec<Step> = numbered.map(|(_, step)| step.clone()).collect();
            fewer.dedup_by(|one, other| *one == Step::Setup && one == other);
            if fewer.len() == steps.len() {
                at += part;
                continue;
            }
            if still_wrong(&fewer, &mut wrong) { steps = fewer } else { at += part }
        }
        part /= 2;
    }
    for at in 0..steps.len() {
        let count = steps[at].statements().map_or(0, |statements| statements.len());
        let mut part = count / 2;
        while part > 0 {
            let mut from = 0;
            while from < steps[at].statements().map_or(0, |statements| statements.len()) {
                let mut fewer = steps.clone();
                let statements = fewer[at].statements().expect("counted above");
                statements.drain(from..(from + part).min(statements.len()));
                if still_wrong(&fewer, &mut wrong) { steps = fewer } else { from += part }
            }
            part /= 2;
        }
    }
    (steps, wrong)
}

/// What a message says, without the names and values in it.
fn kind(wrong: &str) -> String {
    let line =
        wrong.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("wrong after")).unwrap_or("");
    let mut line = line.splitn(2, ": ").last().unwrap_or(line).split(['"', '#', ':']).next().unwrap_or("").to_owned();
    line.retain(|c| !c.is_ascii_digit());
    line
}
