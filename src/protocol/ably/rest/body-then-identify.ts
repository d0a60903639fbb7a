/**
 * Requests with a body: whoever asks is looked at before the body is read, so that a stranger makes the server keep
 * nothing, and again once it has come, because it may take long and a key can be revoked meanwhile.
 */
import type { Result } from '../../../failure.ts'
import type { RestAnswer } from './answer.ts'

/** What a handler gives back: a promise only where it has to wait. */
export type Answering = Result<RestAnswer> | Promise<Result<RestAnswer>>

type Soon<T> = T | Promise<T>

/**
 * Reads the body of whoever may send it, and acts in the very turn in which they were found to be still permitted.
 * Written without `await`, because each costs every publish a promise; for a credential that is known, and a body
 * that has arrived, the only one is that of the body.
 * @param identify says who asks and what can be refused without the body; called before it and after it
 * @param read the body, such as `() => call.body()`
 * @param again says who asks, knowing who it was before the body; where it costs less than to ask from the beginning
 */
export function bodyThenIdentify<Who, Read>(
  identify: () => Soon<Result<Who>>,
  read: () => Promise<Result<Read>>,
  act: (who: Who, body: Read) => Answering,
  again: (before: Who) => Soon<Result<Who>> = identify,
): Answering {
  return whenKnown(identify(), (before) =>
    read().then((body) =>
      body.ok ? whenKnown(again(before), (who) => act(who, body.value)) : body,
    ),
  )
}

function whenKnown<Who>(found: Soon<Result<Who>>, act: (who: Who) => Answering): Answering {
  if (found instanceof Promise) return found.then((known) => (known.ok ? act(known.value) : known))
  return found.ok ? act(found.value) : found
}
