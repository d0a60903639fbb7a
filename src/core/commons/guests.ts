/** How members of the commons appear to an app, where their channel is one of its too. */
import type { RelayedJson } from '../../policy/relayed-json.ts'
import { MODE } from '../modes.ts'
import type { Member, MessageDraft, PresenceDraft } from '../types.ts'

/**
 * Stands before the client id of a guest: guests choose their own names, which must not pass for the
 * identities that an app vouches for. Anybody may be called so; guests are marked as such apart from it.
 */
const GUEST_PREFIX = 'guest:'

export const GUEST_MODES = MODE.publish | MODE.subscribe | MODE.presence | MODE.presenceSubscribe

/** The name that a guest has chosen, by the client id that it has on the side of the app; undefined for none. */
export function aliasOfGuest(clientId: string, connectionId: string): string | undefined {
  const alias = clientId.slice(GUEST_PREFIX.length)
  // A guest without an alias goes by the id of its connection.
  return alias === connectionId ? undefined : alias
}

export function guestId({ clientId, connectionId }: Member): string {
  return GUEST_PREFIX + (clientId ?? connectionId)
}

/** A guest who may be seen is present to the app. */
export function guestEnter(member: Member): PresenceDraft {
  return {
    action: 'enter',
    id: undefined,
    clientId: guestId(member),
    data: undefined,
    encoding: undefined,
    extras: undefined,
    guest: true,
  }
}

/** What a guest says, as an app's client would have published it: text is text, and only the rest is JSON. */
export function guestDraft(value: RelayedJson, sender: Member | undefined): MessageDraft {
  return {
    id: undefined,
    name: undefined,
    ...plainest(value),
    clientId: sender && guestId(sender),
    extras: undefined,
    guest: true,
  }
}

function plainest(value: RelayedJson): Pick<MessageDraft, 'data' | 'encoding'> {
  return /^\s*"/.test(value)
    ? { data: JSON.parse(value) as string, encoding: undefined }
    : { data: value, encoding: 'json' }
}
