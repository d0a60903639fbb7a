/** Changes of messages that are there. */
import type { At } from '../../engine/engine.ts'
import { type Result, ok } from '../../failure.ts'
import { ownershipRefusal } from '../access/refusals.ts'
import type { Channel } from '../channel/channel.ts'
import { type EditEntry, type Origin, exceptOf } from '../channel/entry.ts'
import type { EditReceipt } from '../channel/receipt.ts'
import { applyEdit } from '../channel/message-edit.ts'
import type { MutableMessages } from './mutable-messages.ts'
import type { Placement } from './placement.ts'
import { positionOf, serialAt } from '../channel/position.ts'
import type { Publication } from '../types.ts'

export class Edits {
  readonly #placement: Placement
  readonly #messages: MutableMessages

  constructor(placement: Placement, messages: MutableMessages) {
    this.#placement = placement
    this.#messages = messages
  }

  apply(
    channel: Channel,
    entry: EditEntry,
    at: At,
    origin: Origin | undefined,
  ): Result<EditReceipt> {
    const { clientId, edit, id, maxBytes, ownOnly } = entry
    const found = this.#messages.find(channel, edit.serial, at.moment)
    if (!found.ok) return found
    const message = found.value
    const refusal = ownOnly ? ownershipRefusal(clientId, message.clientId) : undefined
    if (refusal) return { ok: false, failure: refusal }
    const { timestamp } = at
    const position = at.place()
    const stamp = { serial: serialAt(position, 0), timestamp, clientId, id: `${id}:0` }
    const edited = applyEdit(message, edit, stamp, maxBytes)
    if (!edited.ok) return edited
    const { delivered, stored } = edited.value
    const event: Publication = {
      kind: 'publication',
      position,
      id,
      connectionId: entry.connectionId,
      timestamp: delivered.version.timestamp,
      messages: [delivered],
      ...(stored !== delivered && {
        whole: [stored],
        continues: positionOf(message.version.serial),
        rollupMs: entry.rollupMs,
      }),
    }
    this.#messages.keepAtHand(channel, stored, at.moment)
    const record = { kind: 'version' as const, message: stored, isListed: edit.action !== 'append' }
    const kept = this.#placement.remember(channel, event, [record], at.moment)
    this.#placement.deliver(channel, event, exceptOf(origin))
    this.#messages.letGoIfLost(channel, [stored.serial], kept)
    return ok({ versionSerial: delivered.version.serial, kept })
  }
}
