/** MESSAGE from clients that changes a message which is there: update, delete, append (RTL32). */
import type { Acts } from '../../../../core/access/acts.ts'
import { messageSize } from '../../../../core/channel/message-size.ts'
import type { MessageEdit } from '../../../../core/types.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import type { Client } from '../session/client.ts'
import { type Soon, andThen } from '../../../../core/soon.ts'
import type { Accepted } from './accepted.ts'
import { type MessageFrame, socketWithoutEcho, targetOf } from './target.ts'

export interface EditingParts {
  readonly acts: Acts
}

export class Editing {
  readonly #parts: EditingParts

  constructor(parts: EditingParts) {
    this.#parts = parts
  }

  edit(
    client: Client,
    { channel, msgSerial }: MessageFrame,
    edits: readonly MessageEdit[],
  ): Soon<Result<Accepted>> {
    const [edit] = edits
    if (!edit || edits.length > 1)
      return fail('bad_request', 'one message at a time can be changed')
    const target = targetOf(client, channel)
    if (!target.ok) return target
    const { connection, rollupMs } = client
    const except = socketWithoutEcho(client, target.value)
    const receipt = this.#parts.acts.edit(connection.principal, target.value, edit, {
      connectionId: connection.id,
      id: `${connection.id}:${msgSerial}`,
      except,
      rollupMs,
    })
    return andThen(receipt, (known) => {
      if (!known.ok) return known
      const { kept, versionSerial } = known.value
      return ok({ count: 1, bytes: messageSize(edit.draft), serials: [versionSerial], kept })
    })
  }
}
