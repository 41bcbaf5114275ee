// SPDX-License-Identifier: Apache-2.0

// The Rust half of the cases that every language must pass, over AWS's own client.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::streaming::{channel, Body, Response};
use lambda_runtime::{service_fn, Context, Error, LambdaEvent};
use serde_json::{json, Value};

static COUNT: AtomicU32 = AtomicU32::new(0);

fn describe(context: &Context) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let function = &context.env_config;
    let identity = context.identity.as_ref();
    let client = context.client_context.as_ref();
    json!({
        "functionName": function.function_name,
        "functionVersion": function.version,
        "invokedFunctionArn": context.invoked_function_arn,
        "memoryLimitInMB": function.memory.to_string(),
        "awsRequestId": context.request_id,
        "logGroupName": function.log_group,
        "logStreamName": function.log_stream,
        "tenantId": null,
        "identityId": identity.map(|i| i.identity_id.clone()),
        "identityPoolId": identity.map(|i| i.identity_pool_id.clone()),
        "custom": client.map(|c| c.custom.clone()),
        "env": client.map(|c| c.environment.clone()),
        "appTitle": client.map(|c| c.client.app_title.clone()),
        "remaining": context.deadline.saturating_sub(now.as_millis() as u64),
    })
}

fn counter() -> Value {
    json!(COUNT.fetch_add(1, Ordering::Relaxed) + 1)
}

fn leave(event: &Value) -> ! {
    std::process::exit(event.as_i64().unwrap_or(0) as i32)
}

fn kill() -> ! {
    unsafe { libc::raise(libc::SIGKILL) };
    unreachable!()
}

fn text(event: &Value) -> &str {
    event.as_str().unwrap_or("")
}

fn print(text: &str) -> Value {
    print!("{text}");
    std::io::stdout().flush().unwrap();
    json!("said")
}

async fn pause(event: &Value) -> Value {
    if event == &json!(true) {
        tokio::time::sleep(Duration::from_secs(1000)).await;
    }
    json!("awake")
}

// println has no levels: a function prints the record that the platform filters.
fn log_warning() -> Value {
    for (level, message) in [("INFO", "too low"), ("WARN", "high enough")] {
        println!(
            "{}",
            json!({"timestamp": "2026-01-02T03:04:05Z", "level": level, "message": message})
        );
    }
    Value::Null
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (event, context) = event.into_parts();
    let name = std::env::var("_HANDLER")?;
    Ok(match name.as_str() {
        "echo" => event,
        "nothing" => Value::Null,
        "counter" => counter(),
        "environment" => json!(std::env::vars().collect::<BTreeMap<_, _>>()),
        "directory" => json!(std::env::current_dir()?),
        "describe" => describe(&context),
        "fail" => return Err(text(&event).into()),
        "leave" => leave(&event),
        "kill" => kill(),
        "say" => print(&format!("{}\n", text(&event))),
        "say_part" => print(text(&event)),
        "log" => print(&format!("{}\n", text(&event))),
        "log_warning" => log_warning(),
        "pause" => pause(&event).await,
        "leave_or_count" if event.is_null() => counter(),
        "leave_or_count" => leave(&event),
        "later" => tokio::spawn(async { event }).await?,
        _ => return Err(format!("no case {name}").into()),
    })
}

async fn stream(event: LambdaEvent<Vec<String>>) -> Result<Response<Body>, Error> {
    let (mut sender, body) = channel();
    tokio::spawn(async move {
        for part in event.payload {
            sender.send_data(part.into()).await.unwrap();
        }
    });
    Ok(Response::from(body))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var("_HANDLER")? == "stream" {
        return lambda_runtime::run(service_fn(stream)).await;
    }
    lambda_runtime::run(service_fn(handle)).await
}
