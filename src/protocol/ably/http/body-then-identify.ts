/**
 * Requests with a body: they are authenticated before the body is read, so that strangers cannot make the server
 * buffer anything, and again afterwards, because a key can be revoked while a body arrives.
 */
import type { Soon } from '../../../core/soon.ts'
import type { Result } from '../../../failure.ts'
import type { RestAnswer } from './answer.ts'

/** The answer of a handler; a promise only if it has to wait. */
export type Answering = Soon<Result<RestAnswer>>

/**
 * Reads the body of an authenticated request, and acts in the turn in which it was authenticated again.
 * Without `await`, because each costs a promise for every publish: with known credentials and a body that has
 * arrived, the only promise is that of the body.
 * @param identify authenticates the request and refuses what it can without the body; called before and after it
 * @param read reads the body, such as `() => call.body()`
 * @param again authenticates after the body, if that costs less given who it was before
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
