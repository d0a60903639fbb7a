/** The body of `POST /keys/{keyName}/revokeTokens` (RSA17), and who may send it. */
import { type Failure, type Result, fail, failure, ok } from '../failure.ts'
import type { AppPrincipal } from './principal.ts'
import { LONGEST_TTL_MS } from './claims.ts'
import type { DirectoryKey } from './directory.ts'
import type { Revocation, RevocationKind, RevocationTarget } from './revocation.ts'

const MAX_TARGETS = 100
const OLDEST_MS = 60 * 60 * 1000
/** Clients are promised thirty seconds from a moment that lies before ours, so one millisecond more. */
const REAUTH_MARGIN_MS = 30_001

const KINDS: Readonly<Record<RevocationKind, true>> = {
  clientId: true,
  revocationKey: true,
  channel: true,
}

export interface RevocationRequest {
  /** In the order of the request; one that is wrong does not keep the others from being revoked. */
  readonly targets: readonly { readonly text: string; readonly target: Result<RevocationTarget> }[]
  /** Milliseconds since the epoch, as is `appliesAt`. */
  readonly issuedBefore: number
  readonly appliesAt: number
  /** Whether the moment was named; otherwise all tokens so far are meant, those of this millisecond too. */
  readonly isExact: boolean
}

/** A revocation and how long it must be kept. */
export type StoredRevocation = Omit<Revocation, 'number'> & {
  readonly keyId: string
  /** True where the moment was named; for the others it is noted with which number they come. */
  readonly isExact?: true | undefined
  /** Milliseconds since the epoch; by then every token that it concerns has expired. */
  readonly expiresAt: number
}

/**
 * Reads the body after JSON or MessagePack.
 * @param now milliseconds since the epoch
 */
export function readRevocationRequest(body: unknown, now: number): Result<RevocationRequest> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return fail('bad_request', 'the body is not an object')
  const { targets, issuedBefore, allowReauthMargin } = body as Record<string, unknown>
  if (!isTexts(targets) || targets.length === 0 || targets.length > MAX_TARGETS)
    return fail('parameter_invalid', `"targets" is not a list of 1 to ${MAX_TARGETS} strings`)
  const before = issuedBefore ?? now
  if (typeof before !== 'number' || !Number.isInteger(before))
    return fail('parameter_invalid', '"issuedBefore" is not a number of milliseconds')
  if (before > now || before < now - OLDEST_MS)
    return fail('parameter_invalid', '"issuedBefore" is in the future or more than an hour ago')
  const margin = allowReauthMargin ?? false
  if (typeof margin !== 'boolean')
    return fail('parameter_invalid', '"allowReauthMargin" is neither true nor false')
  return ok({
    targets: targets.map((text) => ({ text, target: parseTarget(text) })),
    issuedBefore: before,
    isExact: issuedBefore !== undefined && issuedBefore !== null,
    appliesAt: margin ? now + REAUTH_MARGIN_MS : now,
  })
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

/** The kind stands before the first colon; a value may have colons of its own. */
function parseTarget(text: string): Result<RevocationTarget> {
  const colon = text.indexOf(':')
  const kind = text.slice(0, Math.max(colon, 0))
  if (!isKind(kind))
    return fail('parameter_invalid', 'the target is not of type clientId, revocationKey or channel')
  const value = text.slice(colon + 1)
  if (value === '') return fail('parameter_invalid', 'the target has no value')
  // Nobody can be called so, and on the disk it would be another name.
  if (!value.isWellFormed())
    return fail('parameter_invalid', 'the target holds half of a surrogate pair')
  return ok({ kind, value })
}

function isKind(text: string): text is RevocationKind {
  return Object.hasOwn(KINDS, text)
}

/** What is to be stored for the targets that were understood. */
export function revocationsOf(
  { targets, issuedBefore, appliesAt, isExact }: RevocationRequest,
  key: { readonly id: string },
): StoredRevocation[] {
  const moments = { issuedBefore, appliesAt, expiresAt: issuedBefore + LONGEST_TTL_MS }
  const shared = { keyId: key.id, ...moments, isExact: isExact || undefined } as const
  return targets.flatMap(({ target }) => (target.ok ? [{ ...target.value, ...shared }] : []))
}

/** Why somebody may not revoke the tokens of a key; undefined if they may. */
export function refusalToRevoke(principal: AppPrincipal, key: DirectoryKey): Failure | undefined {
  if (principal.method !== 'basic') return failure('basic_required')
  if (principal.appId !== key.appId || principal.keyId !== key.id)
    return failure('revocation_other_key')
  return key.revocableTokens ? undefined : failure('revocation_disabled')
}
