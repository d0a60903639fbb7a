/** Puts into what somebody publishes whom it is from: a client id that they may use, and what their token says of them. */
import { type Result, fail, ok } from '../../failure.ts'
import { publishingClientId } from '../../policy/client-identity.ts'
import { needsClientId } from '../channel/annotation-tally.ts'
import type { ObjectDraft } from '../objects/operation.ts'
import type { AnnotationDraft, JsonText, MessageDraft, PresenceDraft } from '../types.ts'
import type { AppCaller, Caller } from './caller.ts'

/** The client of a connection for which somebody else publishes (RSL1j). */
export interface Behalf {
  readonly clientId: string | undefined
}

/** @param behalf whoever publishes for a connection publishes as its client */
export function signMessages(
  caller: Caller,
  channel: string,
  drafts: readonly MessageDraft[],
  behalf: Behalf | undefined,
): Result<readonly MessageDraft[]> {
  if (caller.kind !== 'app') return ok(drafts)
  const claim = caller.userClaims.for(channel)
  const signed: MessageDraft[] = []
  for (const draft of drafts) {
    const clientId = behalf
      ? clientIdOnBehalf(draft, caller, behalf)
      : publishingClientId(caller, draft.clientId)
    if (!clientId.ok) return clientId
    const extras = withClaim(draft.extras, claim)
    const isSigned = clientId.value === draft.clientId && extras === draft.extras
    signed.push(isSigned ? draft : { ...draft, clientId: clientId.value, extras })
  }
  return ok(signed)
}

export function signAnnotations(
  caller: AppCaller,
  channel: string,
  drafts: readonly AnnotationDraft[],
): Result<readonly AnnotationDraft[]> {
  const claim = caller.userClaims.for(channel)
  const signed: AnnotationDraft[] = []
  for (const draft of drafts) {
    const clientId = publishingClientId(caller, draft.clientId)
    if (!clientId.ok) return clientId
    if (clientId.value === undefined && needsClientId(draft.type))
      return fail('identity_required', 'annotations of this type are of clients with an id')
    signed.push({ ...draft, clientId: clientId.value, extras: withClaim(draft.extras, claim) })
  }
  return ok(signed)
}

export function signObjects(
  caller: AppCaller,
  channel: string,
  drafts: readonly ObjectDraft[],
): Result<readonly ObjectDraft[]> {
  const claim = caller.userClaims.for(channel)
  const signed: ObjectDraft[] = []
  for (const draft of drafts) {
    const clientId = publishingClientId(caller, draft.clientId)
    if (!clientId.ok) return clientId
    signed.push({ ...draft, clientId: clientId.value, extras: withClaim(draft.extras, claim) })
  }
  return ok(signed)
}

/** @param connectionId whose members they are: ids of others are not theirs to give (RTP17g1) */
export function signPresence(
  caller: AppCaller,
  channel: string,
  drafts: readonly PresenceDraft[],
  connectionId: string,
): Result<readonly PresenceDraft[]> {
  const claim = caller.userClaims.for(channel)
  const signed: PresenceDraft[] = []
  for (const draft of drafts) {
    const clientId = publishingClientId(caller, draft.clientId)
    if (!clientId.ok) return clientId
    // Somebody enters again as who they are.
    const isOwn = draft.id?.startsWith(`${connectionId}:`) === true
    const extras = withClaim(draft.extras, claim)
    const isSigned = (isOwn || draft.id === undefined) && extras === draft.extras
    signed.push(isSigned ? draft : { ...draft, id: isOwn ? draft.id : undefined, extras })
  }
  return ok(signed)
}

/** Where a change leaves the extras of a message as they are, they stay those of its author. */
export function signEdit(caller: Caller, channel: string, draft: MessageDraft): MessageDraft {
  if (caller.kind !== 'app' || draft.extras === undefined) return draft
  return { ...draft, extras: withClaim(draft.extras, caller.userClaims.for(channel)) }
}

function clientIdOnBehalf(
  { clientId }: MessageDraft,
  caller: AppCaller,
  { clientId: own }: Behalf,
): Result<string | undefined> {
  if (own !== undefined && clientId !== undefined && clientId !== own)
    return fail('client_id_invalid', 'the client id is not that of the connection')
  const speaksForItself = clientId === undefined || clientId === own
  if (caller.clientId === undefined && speaksForItself) return ok(own)
  return publishingClientId(caller, clientId ?? own)
}

/** What a token says of its holder stands with whatever they publish; nobody else can write that member. */
function withClaim(extras: JsonText | undefined, claim: string | undefined): JsonText | undefined {
  if (claim === undefined) return extras
  const member = `"userClaim":${JSON.stringify(claim)}}`
  return extras === undefined || extras === '{}' ? `{${member}` : `${extras.slice(0, -1)},${member}`
}
