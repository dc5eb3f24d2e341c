//! What a server says of itself before it is asked anything: its models, and whether its tokenizer gives a
//! program back as it was.

use serde_json::{Value, json};

use super::trouble::{key_refused, quoted};
use super::{Line, Wanted};
use crate::model::tokenizer::PROBE;

/// One of a server's models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model {
    /// As it is to be named.
    pub(super) id: String,
    /// The most tokens of prompt and completion together, where the server tells.
    pub(super) context: Option<usize>,
    /// How many numbers were learned, where the server tells.
    pub(super) parameters: Option<u64>,
    /// The bytes that they hold, where the server tells.
    pub(super) bytes: Option<u64>,
}

/// Whose words for tokenizing a server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// vLLM's.
    Vllm,
    /// llama.cpp's.
    LlamaCpp,
}

/// Which model to ask: the one of this `name`, else the only one. Errs with the end of a sentence.
pub(super) fn chosen(
    line: &Line,
    name: Option<&str>,
    wanted: &mut Wanted<'_>,
) -> Result<Model, String> {
    // A server whose list fails may serve what is asked for by name all the same.
    let models =
        listed(line, name.is_some(), wanted)?.filter(|it| name.is_none() || !it.is_empty());
    let named = |name: &str| Model {
        id: name.to_owned(),
        context: None,
        parameters: None,
        bytes: None,
    };
    let Some(models) = models else {
        // Not every server lists what it has; the question itself will show.
        return name.map(named).ok_or_else(|| {
            "it does not say which models it has; name one after the address, as in …/v1#NAME"
                .to_owned()
        });
    };
    let ids: Vec<&str> = models.iter().map(|it| it.id.as_str()).collect();
    match (name, &models[..]) {
        (_, []) => Err("it has no model loaded; load one there first".to_owned()),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(format!(
            "it has several models; name one after the address, as in {}#{} (it has {})",
            line.endpoint,
            ids[0],
            shown(&ids)
        )),
        (Some(name), _) => {
            let same = |it: &&Model| it.id == name || it.id.strip_suffix(":latest") == Some(name);
            let found = models.iter().find(same).cloned();
            found.ok_or_else(|| format!("it has no model {name}; it has {}", shown(&ids)))
        }
    }
}

/// The first of many names.
fn shown(ids: &[&str]) -> String {
    match ids.len() {
        0..=8 => ids.join(", "),
        more => format!("{} and {} more", ids[..8].join(", "), more - 8),
    }
}

/// The server's models; none where it keeps no list, or fails to give it and one was `named`.
fn listed(line: &Line, named: bool, wanted: &mut Wanted<'_>) -> Result<Option<Vec<Model>>, String> {
    let reply = line.get(&line.endpoint.at("models"), wanted)?;
    match reply.status {
        200 => {}
        401 | 403 => return Err(key_refused(line.key.is_some(), "")),
        300..=399 => {
            let to = reply
                .headers
                .get("location")
                .and_then(|it| it.to_str().ok());
            return Err(format!(
                "it redirects to {}; give the address that it ends at",
                quoted(to.unwrap_or("nowhere"))
            ));
        }
        404 | 405 | 501 => return Ok(None),
        500.. if named => return Ok(None),
        status => {
            return Err(format!(
                "it answers {status} to the question which models it has"
            ));
        }
    }
    let json = reply.json().ok_or_else(|| no_json(&reply.body))?;
    // Some give the list bare.
    let list = json.get("data").unwrap_or(&json).as_array();
    let list = list.ok_or("its list of models is none; is this the address of a model server?")?;
    Ok(Some(list.iter().filter_map(model).collect()))
}

fn model(entry: &Value) -> Option<Model> {
    let meta = entry.get("meta");
    let number = |it: Option<&Value>, name: &str| it?.get(name)?.as_u64();
    let context = number(Some(entry), "max_model_len")
        .or_else(|| number(Some(entry), "context_length"))
        .or_else(|| number(meta, "n_ctx"));
    Some(Model {
        id: entry.get("id")?.as_str()?.to_owned(),
        context: context.and_then(|it| usize::try_from(it).ok()),
        parameters: number(meta, "n_params"),
        bytes: number(meta, "size"),
    })
}

/// What to say of an answer that should be JSON.
pub(super) fn no_json(body: &[u8]) -> String {
    let beginning = String::from_utf8_lossy(&body[..body.len().min(60)]);
    let beginning = match quoted(&beginning) {
        it if it.is_empty() => "it is empty".to_owned(),
        it => format!("it begins with {it:?}"),
    };
    format!(
        "its answer is not JSON ({beginning}); the address of a model server usually ends in /v1"
    )
}

/// Whose words the server knows, if any, found by sending it a program and asking for it back. Errs with the
/// end of a sentence when the program comes back changed: what the model would see is not what was sent.
pub(super) fn tokenizer(
    line: &Line,
    model: &str,
    wanted: &mut Wanted<'_>,
) -> Result<Option<Dialect>, String> {
    for dialect in [Dialect::Vllm, Dialect::LlamaCpp] {
        let Some(tokens) = tokens(line, dialect, model, PROBE, Whole::No, wanted)? else {
            continue;
        };
        let body = match dialect {
            Dialect::Vllm => json!({"model": model, "tokens": tokens}),
            Dialect::LlamaCpp => json!({"tokens": tokens}),
        };
        let reply = line.post(&line.endpoint.beside("detokenize"), &body, wanted)?;
        let json = reply.json().filter(|_| reply.status == 200);
        let back = json.as_ref().and_then(|json| {
            let text = json.get("prompt").or_else(|| json.get("content"));
            text?.as_str()
        });
        let Some(back) = back else {
            return Ok(Some(dialect));
        };
        // Some tokenizers put a space before every text, which is no part of the program.
        if back.trim() == PROBE.trim() {
            return Ok(Some(dialect));
        }
        let letters = |text: &str| -> String { text.split_whitespace().collect() };
        return Err(match letters(back) == letters(PROBE) {
            true => "this server strips spaces: its tokenizer gives a program back without its \
                     indentation, so the model would not see it; serve the model with the tokenizer.json \
                     that it came with (version 5 of the transformers library replaces DeepSeek-Coder's)"
                .to_owned(),
            false => format!(
                "its tokenizer changes what it is given (a program came back as {:?}…), so the model \
                 would not see it; serve the model with the tokenizer.json that it came with",
                back.chars().take(40).collect::<String>()
            ),
        });
    }
    Ok(None)
}

/// Whether a text is a whole prompt, with the tokens that begin one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Yes,
    No,
}

/// The tokens of `text`, with those that begin a prompt if it is `whole`; none where the server does not say.
pub(super) fn tokens(
    line: &Line,
    dialect: Dialect,
    model: &str,
    text: &str,
    whole: Whole,
    wanted: &mut Wanted<'_>,
) -> Result<Option<Vec<u64>>, String> {
    let whole = whole == Whole::Yes;
    let body = match dialect {
        Dialect::Vllm => json!({"model": model, "prompt": text, "add_special_tokens": whole}),
        Dialect::LlamaCpp => json!({"content": text, "add_special": whole}),
    };
    let reply = line.post(&line.endpoint.beside("tokenize"), &body, wanted)?;
    let json = reply.json().filter(|_| reply.status == 200);
    let list = json.as_ref().and_then(|it| it.get("tokens")?.as_array());
    let tokens: Option<Vec<u64>> = list.map(|it| it.iter().filter_map(Value::as_u64).collect());
    // A server of the other kind may answer with no tokens to a question that it does not understand.
    Ok(tokens.filter(|it| !it.is_empty()))
}
