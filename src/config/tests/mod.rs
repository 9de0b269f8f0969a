mod agreement;
mod choices;
mod documents;
mod messages;
mod overrides;
mod syntax;
mod workload;
