//! The request that asks another target for the rest of an answer.
//!
//! The words told so far become the assistant's message, and a user's message asks to go on. An answer that is begun for the
//! model (prefill) would need no such message, but Claude models from 4.6 on refuse it: "This model does not support assistant
//! message prefill. The conversation must end with a user message" (as reported in github.com/strands-agents/sdk-python/issues/1694
//! and, for streams continued that way, in github.com/BerriAI/litellm/issues/27967), and in OpenAI's dialect no model takes one
//! up. One form for all targets is one that is tested.

use paceway_domain::Tokens;

use super::heard::{Heard, Obstacle, tokens};
use super::overlap::last_words;
use crate::neutral::{AnswerForm, Chat, Part, Role, Turn};

/// Makes of the request that began an answer the one that asks for the rest of it. Where there are no words to go on from,
/// because nothing or only thoughts were told, it stays as it is.
///
/// The output bound is less by the likely length of the words told, but at least 1. Thoughts are not taken off: the model has
/// to think anew.
///
/// # Errors
/// What stands against it; the request is then unchanged.
pub fn continue_chat(chat: &mut Chat<'_>, heard: &Heard) -> Result<(), Obstacle> {
    heard.can_continue()?;
    if !heard.has_words() {
        return Ok(());
    }
    if !matches!(chat.form, AnswerForm::Text) {
        return Err(Obstacle::Form);
    }
    if chat.answers.is_some_and(|count| count > 1) {
        return Err(Obstacle::SeveralAnswers);
    }
    let turn = |role, text: String| Turn { role, name: None, parts: vec![Part::text(text)] };
    chat.turns.push(turn(Role::Assistant, heard.text().to_owned()));
    chat.turns.push(turn(Role::User, go_on(heard.text())));
    if let Some(most) = &mut chat.max_output {
        *most = most.saturating_sub(tokens(heard.text())).max(Tokens(1));
    }
    Ok(())
}

/// The last words once more are the joint: without them no model says whether a space or the rest of a word comes next.
/// They are taken off again.
fn go_on(told: &str) -> String {
    format!(
        "Your last message was cut off in transmission. I have all of it up to these words:\n\
         <last_words>\n{}\n</last_words>\n\
         Go on from exactly there. Begin by writing these last words once more, just as they stand and without the tags, and \
         carry straight on with what comes next, as if there had been no interruption: no preamble, no comment, nothing \
         else from before. If nothing is missing, write the last words alone.",
        last_words(told)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neutral::{Delta, Opening, PartBody, Piece};

    fn heard(opening: Opening<'_>, text: &str) -> Heard {
        let mut heard = Heard::default();
        heard.piece(&Piece::Open(opening));
        heard.piece(&Piece::Delta(Delta::Text(text.into())));
        heard
    }

    fn chat(max_output: Option<u64>) -> Chat<'static> {
        let asked = Turn { role: Role::User, name: None, parts: vec![Part::text("Tell me.")] };
        Chat { turns: vec![asked], max_output: max_output.map(Tokens), ..Chat::default() }
    }

    #[test]
    fn the_words_told_and_a_wish_to_go_on_follow_the_conversation() {
        let mut chat = chat(Some(100));
        continue_chat(&mut chat, &heard(Opening::Text, "Once upon a ti")).expect("words can be gone on from");
        let said: Vec<_> = chat.turns.iter().map(|turn| (turn.role, turn.parts.len())).collect();
        assert_eq!(said, [(Role::User, 1), (Role::Assistant, 1), (Role::User, 1)]);
        let text = |place: usize| match &chat.turns[place].parts[0].body {
            PartBody::Text { text, .. } => text.as_ref(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(1), "Once upon a ti");
        assert!(text(2).contains("\nOnce upon a ti\n"), "{}", text(2));
        assert_eq!(chat.max_output, Some(Tokens(100).saturating_sub(tokens("Once upon a ti"))));
    }

    #[test]
    fn at_least_one_token_may_be_made_and_no_bound_stays_none() {
        let (mut short, mut open) = (chat(Some(3)), chat(None));
        for chat in [&mut short, &mut open] {
            continue_chat(chat, &heard(Opening::Text, &"word ".repeat(50)))
                .expect("words can be gone on from");
        }
        assert_eq!((short.max_output, open.max_output), (Some(Tokens(1)), None));
    }

    #[test]
    fn without_words_the_request_is_sent_again_as_it_is() {
        for heard in [Heard::default(), heard(Opening::Thinking, "Hm."), heard(Opening::Text, " \n")] {
            let mut chat = Chat { answers: Some(2), form: AnswerForm::Json, ..chat(Some(9)) };
            assert_eq!(continue_chat(&mut chat, &heard), Ok(()));
            assert_eq!((chat.turns.len(), chat.max_output), (1, Some(Tokens(9))));
        }
    }

    #[test]
    fn json_and_several_answers_are_not_gone_on_with() {
        let words = heard(Opening::Text, "{\"a\":");
        let mut json = Chat { form: AnswerForm::Json, ..chat(None) };
        let mut several = Chat { answers: Some(2), ..chat(None) };
        assert_eq!(continue_chat(&mut json, &words), Err(Obstacle::Form));
        assert_eq!(continue_chat(&mut several, &words), Err(Obstacle::SeveralAnswers));
        assert_eq!((json.turns.len(), several.turns.len()), (1, 1));
    }
}
