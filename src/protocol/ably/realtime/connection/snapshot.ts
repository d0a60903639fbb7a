/** Connections as plain data, from which they can be resumed after a restart of the server. */
import { type FailureName, failure } from '../../../../failure.ts'
import { type AppPrincipal, WITHOUT_RIGHTS } from '../../../../identity/principal.ts'
import type { Answer, Outcome } from '../acknowledging/answers.ts'
import type { Connection, ConnectionOptions } from './connection.ts'

export interface ConnectionSnapshot {
  readonly appId: string
  readonly id: string
  readonly secret: string
  readonly previousSecret: string | undefined
  readonly clientId: string | undefined
  /** The id of the API key, or of the key of the token, that it was opened with. */
  readonly keyId: string
  readonly secure: boolean
  readonly since: number
  readonly remainPresentMs: number
  readonly presentOn: readonly string[]
  readonly answers: AnswersSnapshot
}

interface AnswersSnapshot {
  readonly last: number
  readonly known: readonly (readonly [msgSerial: number, outcome: PlainOutcome])[]
}

type PlainOutcome =
  | { readonly serials: readonly (string | null)[] }
  | { readonly refused: FailureName; readonly message: string }

export function snapshotOf(connection: Connection): ConnectionSnapshot {
  const { answers, appId, clientId, id, identified } = connection
  const { previousSecret, remainPresentMs, secret, since } = connection
  return {
    appId,
    id,
    secret,
    previousSecret,
    clientId,
    keyId: identified.principal.keyId,
    secure: identified.secure,
    since,
    remainPresentMs,
    presentOn: [...(connection.presentOn ?? [])],
    answers: { last: answers.last, known: Array.from(answers.known(), plainAnswer) },
  }
}

/** A restored connection: it has no rights until its client has resumed it with credentials. */
export function restingOptions(snapshot: ConnectionSnapshot): Omit<ConnectionOptions, 'onDue'> {
  const { clientId, id, remainPresentMs, secret, secure, since } = snapshot
  return {
    id,
    secret,
    since,
    remainPresentMs,
    secure,
    principal: restingPrincipal(snapshot),
    credentials: { credential: undefined, clientId },
  }
}

export function refill(
  connection: Connection,
  { answers: { known, last }, presentOn, previousSecret }: ConnectionSnapshot,
): void {
  connection.previousSecret = previousSecret
  if (presentOn.length > 0) connection.presentOn = new Set(presentOn)
  for (const [serial, outcome] of known)
    connection.answers.add({ serial, outcome: asOutcome(outcome) })
  connection.answers.resume(last)
}

/** The identity of the connection without any rights. */
function restingPrincipal({ appId, clientId, keyId }: ConnectionSnapshot): AppPrincipal {
  return { ...WITHOUT_RIGHTS, appId, keyId, clientId, mayAssumeClientId: clientId === undefined }
}

function plainAnswer({ serial, outcome = NEVER_KNOWN }: Answer): [number, PlainOutcome] {
  if (outcome.ok) return [serial, { serials: outcome.serials }]
  const { message, name } = outcome.failure
  return [serial, { refused: name, message }]
}

const NEVER_KNOWN: Outcome = { ok: false, failure: failure('not_kept') }

function asOutcome(plain: PlainOutcome): Outcome {
  return 'serials' in plain
    ? { ok: true, serials: plain.serials }
    : { ok: false, failure: failure(plain.refused, plain.message) }
}
