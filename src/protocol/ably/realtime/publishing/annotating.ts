/** ANNOTATION from clients: what they attach to messages that are there (RTAN1). */
import type { Acts } from '../../../../core/access/acts.ts'
import type { Result } from '../../../../failure.ts'
import { readAnnotations } from '../../wire/annotation-reader.ts'
import type { ClientFrame } from '../../wire/frame-reader.ts'
import { type MessageLimits, sizeOf } from '../../wire/members.ts'
import type { Client } from '../session/client.ts'
import { type Accepted, accepted, acceptedLater } from './accepted.ts'
import type { Soon } from '../../../../core/soon.ts'
import { targetOf } from './target.ts'

export interface AnnotatingParts {
  readonly acts: Acts
  readonly limits: MessageLimits
}

type AnnotationFrame = Extract<ClientFrame, { kind: 'annotation' }>

export class Annotating {
  readonly #parts: AnnotatingParts

  constructor(parts: AnnotatingParts) {
    this.#parts = parts
  }

  annotate(client: Client, frame: AnnotationFrame): Soon<Result<Accepted>> {
    const { acts, limits } = this.#parts
    const { id: connectionId, principal } = client.connection
    const target = targetOf(client, frame.channel)
    if (!target.ok) return target
    const read = readAnnotations(frame.annotations, undefined, { connectionId, limits })
    if (!read.ok) return read
    const id = `${connectionId}:${frame.msgSerial}`
    const receipt = acts.annotate(principal, target.value, read.value, { connectionId, id })
    const count = read.value.length
    const bytes = sizeOf(read.value)
    return receipt instanceof Promise
      ? acceptedLater(receipt, { count, bytes })
      : accepted(receipt, count, bytes)
  }
}
