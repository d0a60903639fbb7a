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
  const before = identify()
  if (before instanceof Promise)
    return before.then((known) => (known.ok ? readThenAct(known.value, read, act, again) : known))
  return before.ok ? readThenAct(before.value, read, act, again) : before
}

function readThenAct<Who, Read>(
  before: Who,
  read: () => Promise<Result<Read>>,
  act: (who: Who, body: Read) => Answering,
  again: (before: Who) => Soon<Result<Who>>,
): Promise<Result<RestAnswer>> {
  return read().then((body) => {
    if (!body.ok) return body
    const now = again(before)
    if (now instanceof Promise)
      return now.then((known) => (known.ok ? act(known.value, body.value) : known))
    return now.ok ? act(now.value, body.value) : now
  })
}
