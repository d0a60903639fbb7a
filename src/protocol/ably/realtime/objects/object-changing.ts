/** OBJECT from clients: operations on the live objects of a channel (RTO15). */
import type { Acts } from '../../../../core/access/acts.ts'
import { operationBytes } from '../../../../core/objects/object-size.ts'
import { type Soon, andThen } from '../../../../core/soon.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import type { ClientFrame } from '../../wire/frame-reader.ts'
import type { MessageLimits } from '../../wire/members.ts'
import { readObjectMessages } from '../../wire/objects/object-reader.ts'
import { sizeOf } from '../../wire/members.ts'
import type { Accepted } from '../publishing/accepted.ts'
import { socketWithoutEcho, targetOf } from '../publishing/target.ts'
import type { Client } from '../session/client.ts'

export interface ObjectChangingParts {
  readonly acts: Acts
  readonly limits: MessageLimits
}

const INEXACT = fail<never>('data_invalid', 'a number is no double')

type ObjectFrame = Extract<ClientFrame, { kind: 'object' }>

export class ObjectChanging {
  readonly #parts: ObjectChangingParts

  constructor(parts: ObjectChangingParts) {
    this.#parts = parts
  }

  change(
    client: Client,
    { channel, isInexact, msgSerial, state }: ObjectFrame,
  ): Soon<Result<Accepted>> {
    const { acts, limits } = this.#parts
    const { id: connectionId, principal } = client.connection
    const target = targetOf(client, channel)
    if (!target.ok) return target
    if (isInexact) return INEXACT
    const read = readObjectMessages(state, limits)
    if (!read.ok) return read
    const receipt = acts.changeObjects(principal, target.value, read.value, {
      connectionId,
      id: `${connectionId}:${msgSerial}`,
      except: socketWithoutEcho(client, target.value),
    })
    const count = read.value.length
    let bytes = sizeOf(read.value)
    for (const { operation } of read.value) bytes += operationBytes(operation)
    return andThen(receipt, (known) => {
      if (!known.ok) return known
      const { kept, serials } = known.value
      return ok({ count, bytes, serials, kept })
    })
  }
}
