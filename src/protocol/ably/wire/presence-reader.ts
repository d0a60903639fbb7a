/** Reads presence changes that clients send. */
import type { PresenceDraft } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { presenceAction } from './actions.ts'
import { type SenderContext, checkSender, readCommon, readEntries } from './members.ts'

/**
 * Reads the presence changes of one protocol message.
 * @param value as decoded from JSON or MessagePack
 * @param defaultClientId who is meant where nobody is named
 * @returns `presence_client_id` if nobody is named and there is no default
 */
export function readPresence(
  value: unknown,
  defaultClientId: string | undefined,
  context: SenderContext = {},
): Result<PresenceDraft[]> {
  const { limits } = context
  const values = readEntries(value, limits)
  if (!values.ok) return values
  const drafts: PresenceDraft[] = []
  for (const entry of values.value) {
    const draft = readChange(entry, defaultClientId, context)
    if (!draft.ok) return draft
    drafts.push(draft.value)
  }
  return ok(drafts)
}

function readChange(
  entry: Readonly<Record<string, unknown>>,
  defaultClientId: string | undefined,
  context: SenderContext,
): Result<PresenceDraft> {
  const action = presenceAction(entry['action'])
  if (action !== 'enter' && action !== 'leave' && action !== 'update')
    return fail('bad_request', 'presence is entered, updated and left')
  const stranger = checkSender(entry, context)
  if (stranger) return { ok: false, failure: stranger }
  const common = readCommon(entry)
  if (!common.ok) return common
  const { id, clientId = defaultClientId, data, encoding, extras } = common.value
  if (clientId === undefined) return fail('presence_client_id')
  return ok({ action, id, clientId, data, encoding, extras: extras.text })
}
