//! Everything a user can ask for. A closed list: keys, palette and help are made from it.

use serde::{Deserialize, Serialize};

use crate::trace::{Heading, Motion, Stride};

/// Declares the actions, with the sentence that help shows for each.
macro_rules! actions {
    ($($group:literal: $(#[doc = $doc:literal] $action:ident,)+)+) => {
        /// One thing a user can ask for. The names in `keymap.toml` are these, in snake case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Action { $($(#[doc = $doc] $action,)+)+ }

        impl Action {
            /// Every action, in the order of help.
            pub const ALL: &[Self] = &[$($(Self::$action,)+)+];

            /// The sentence that says what it does.
            pub fn sentence(self) -> &'static str {
                match self { $($(Self::$action => $doc.trim_ascii(),)+)+ }
            }

            /// The heading it stands under in help.
            pub fn group(self) -> &'static str {
                match self { $($(Self::$action)|+ => $group,)+ }
            }
        }
    };
}

actions! {
    "time":
    /// Step over: to the next step of this frame.
    StepOver,
    /// Step over, back.
    StepOverBack,
    /// Step into: to the next step, entering calls.
    StepInto,
    /// Step into, back.
    StepIntoBack,
    /// Forward to where this call has returned.
    StepOut,
    /// Back to where this call was made.
    StepOutBack,
    /// Run to the next breakpoint, the fatal exception or the end.
    Continue,
    /// Run back to the previous breakpoint, the fatal exception or the start.
    ContinueBack,
    /// Run to the selected line.
    RunToCursor,
    /// Run back to the selected line.
    RunToCursorBack,
    /// To the first step, or to the step whose number was typed before.
    FirstStep,
    /// To the last step, or to the step whose number was typed before.
    LastStep,
    /// To the previous iteration of the loop around the cursor.
    PreviousIteration,
    /// To the next iteration of the loop around the cursor.
    NextIteration,
    /// To the previous call of this function.
    PreviousCall,
    /// To the next call of this function.
    NextCall,
    /// Why the selected variable holds what it holds: the chain of writes behind it.
    Why,
    /// The earlier values of the selected variable.
    History,
    /// To the previous write of the selected variable.
    PreviousWrite,
    /// To the next write of the selected variable.
    NextWrite,
    /// To the next exception raised, caught ones included.
    NextException,
    /// To the previous exception raised, caught ones included.
    PreviousException,
    /// Back to where the last jump started.
    JumpBack,
    /// Set a mark; type its letter.
    SetMark,
    /// Go to a mark; type its letter.
    GoToMark,
    "look":
    /// Look at the caller's frame.
    FrameUp,
    /// Look at the inner frame.
    FrameDown,
    /// Set or clear a breakpoint on the selected line.
    ToggleBreakpoint,
    /// Set a breakpoint by typing its place.
    EditBreakpoint,
    /// Move down in the pane.
    Down,
    /// Move up in the pane.
    Up,
    /// Move down a page in the pane.
    PageDown,
    /// Move up a page in the pane.
    PageUp,
    /// Open what is selected: a value in full, or the moment it stands for.
    Open,
    /// Unfold or fold what is selected.
    Unfold,
    /// Show or hide the values beside the code.
    ToggleValues,
    /// Show or hide functions, modules, classes and dunder names.
    ToggleHidden,
    /// Copy what the pane shows, as the model would see it, to the terminal's clipboard.
    Copy,
    /// Save what copying would copy to a file.
    Save,
    /// Search in the pane.
    Search,
    /// To the next match.
    NextMatch,
    /// To the previous match.
    PreviousMatch,
    "formats":
    /// The next trace format.
    NextFormat,
    /// All trace formats side by side, or one.
    AllFormats,
    /// What each format tells of this step, one below the other.
    CompareFormats,
    /// Canonical formats, or those of the released research code.
    ToggleProfile,
    /// The next way in which this format can be written.
    NextMode,
    /// Set the tokens that a page has at most.
    SetBudget,
    "model":
    /// Ask for a monologue forward from here.
    AskForward,
    /// Ask for a monologue backward from here.
    AskBackward,
    /// Ask the same again, with another seed.
    Retry,
    /// The last two answers side by side, or the last one.
    CompareAnswers,
    /// Load the model again, as its files are now.
    Reload,
    /// Search for a fix and judge it by the tests.
    Repair,
    /// Apply the fix that was shown.
    Apply,
    /// Undo the fix that was applied.
    Undo,
    "screen":
    /// Focus the next pane.
    NextPane,
    /// Focus the previous pane.
    PreviousPane,
    /// Focus the source.
    FocusSource,
    /// Focus the local variables.
    FocusLocals,
    /// Focus the stack.
    FocusStack,
    /// Focus the calls.
    FocusCalls,
    /// Focus the output.
    FocusOutput,
    /// Focus the trace formats.
    FocusFormats,
    /// Focus the monologue.
    FocusMonologue,
    /// Focus the repair.
    FocusRepair,
    /// Focus the timeline.
    FocusTimeline,
    /// Focus the loop's iterations.
    FocusLoop,
    /// Give the focused pane the whole screen, or take it back.
    Zoom,
    /// Commands, by name; a number goes to that step.
    Palette,
    /// Show the keys.
    Help,
    /// Take the mouse, or leave it to the terminal.
    ToggleMouse,
    /// Draw the screen anew.
    Redraw,
    /// Leave what is open, stop what is running.
    Cancel,
    /// Type to the program while it runs.
    Type,
    /// Interrupt the program while it runs, keeping its trace; a second time ends it; then quit.
    Interrupt,
    /// Suspend to the shell.
    Suspend,
    /// Quit.
    Quit,
}

impl Action {
    /// What `keymap.toml` and the palette call it.
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => format!("{self:?}"),
        }
    }

    /// The motion it asks for, if it is one of the six.
    pub fn motion(self) -> Option<Motion> {
        let (stride, heading) = match self {
            Self::StepOver => (Stride::Over, Heading::Forward),
            Self::StepOverBack => (Stride::Over, Heading::Backward),
            Self::StepInto => (Stride::Into, Heading::Forward),
            Self::StepIntoBack => (Stride::Into, Heading::Backward),
            Self::StepOut => (Stride::Out, Heading::Forward),
            Self::StepOutBack => (Stride::Out, Heading::Backward),
            _ => return None,
        };
        Some(Motion { stride, heading })
    }

    /// The pane it focuses, by name, if it focuses one.
    pub(super) fn focuses(self) -> Option<&'static str> {
        Some(match self {
            Self::FocusSource => "source",
            Self::FocusLocals => "locals",
            Self::FocusStack => "stack",
            Self::FocusCalls => "calls",
            Self::FocusOutput => "output",
            Self::FocusFormats => "formats",
            Self::FocusMonologue => "monologue",
            Self::FocusRepair => "repair",
            Self::FocusTimeline => "timeline",
            Self::FocusLoop => "loop",
            _ => return None,
        })
    }
}
