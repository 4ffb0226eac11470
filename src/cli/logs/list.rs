//! `pinstead logs list`.

use anyhow::bail;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::ProgramName;
use crate::cli::Exit;
use crate::cli::list_options::{ListOptions, announce_refused};
use crate::cli::options::{OutputOptions, Plain, parse_time};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType, Program};
use crate::evidence::Inputs as InputFiles;
use crate::judge::{ListAge, Lists, LogFilter, Standing, known_logs};
use crate::observe::clock;
use crate::report::LogsReport;
use crate::report::human;
use crate::report::json::v1;

/// Options of `pinstead logs list`.
#[derive(Debug, Args)]
pub(super) struct ListLogsOptions {
    /// Only logs of operators with this in their name
    #[arg(long, value_name = "TEXT")]
    operator: Option<String>,
    /// Only logs with this in their name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Only logs with this interface
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    log_type: Option<TypeName>,
    /// Only logs in this state; “denied” are those whose SCTs assure nothing, whatever a list says
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<StateName>,
    /// Only logs that take certificates ending on this date (RFC 3339, or YYYY-MM-DD)
    #[arg(long, value_name = "DATE", value_parser = parse_time)]
    covering: Option<Timestamp>,
    /// Only the log with this id (base64)
    #[arg(long, value_name = "LOG_ID")]
    id: Option<LogId>,
    /// The programme whose word on the state is wanted
    #[arg(long, value_enum, value_name = "PROGRAM", default_value = "chrome")]
    program: ProgramName,
    /// The state at this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Timestamp>,
    #[command(flatten)]
    lists: ListOptions,
    #[command(flatten)]
    output: OutputOptions,
}

/// An interface, as the option has it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TypeName {
    Rfc6962,
    Static,
}

/// A state, as the option has it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum StateName {
    Pending,
    Qualified,
    Usable,
    Readonly,
    Retired,
    Rejected,
    Unknown,
    Denied,
}

impl From<StateName> for Standing {
    fn from(name: StateName) -> Self {
        Self::State(match name {
            StateName::Pending => LogState::Pending,
            StateName::Qualified => LogState::Qualified,
            StateName::Usable => LogState::Usable,
            StateName::Readonly => LogState::Readonly,
            StateName::Retired => LogState::Retired,
            StateName::Rejected => LogState::Rejected,
            StateName::Unknown => LogState::Unknown,
            StateName::Denied => return Self::Denied,
        })
    }
}

/// Lists the logs.
pub(super) fn run(options: &ListLogsOptions) -> anyhow::Result<Exit> {
    let form = options.output.plain("logs list")?;
    options.output.spare(options.lists.files())?;
    let mut inputs = InputFiles::default();
    options.lists.read_into(&mut inputs);
    let lists = Lists::read(&inputs)?;
    announce_refused(&lists.uses);
    let at = options.at.unwrap_or_else(clock::now);
    let program = Program::from(options.program);
    let list = lists.table.list_at(program, at);
    if options.lists.is_given() && list.is_none() {
        bail!("no log list of {} was given with a date: nothing is known of its states", program.title());
    }
    let filter = LogFilter {
        operator: options.operator.clone(),
        name: options.name.clone(),
        log_type: options.log_type.map(|name| match name {
            TypeName::Rfc6962 => LogType::Rfc6962,
            TypeName::Static => LogType::Static,
        }),
        standing: options.state.map(Standing::from),
        covering: options.covering,
        id: options.id,
    };
    let logs = known_logs(&lists.table, program, at, &filter);
    let report = LogsReport { program, at, list: list.map(|list| ListAge::of(&list, at)), logs: &logs };
    options.output.write(&match form {
        Plain::Human => human::logs::list(&report),
        Plain::Json => v1::logs::list(&report)?,
        Plain::Jsonl => v1::logs::list_lines(&report)?,
    })?;
    Ok(Exit::Clean)
}
