/** ANNOTATION from clients: what they attach to messages that are there (RTAN1). */
import { needsClientId } from '../../../core/annotation-tally.ts'
import { MODE } from '../../../core/modes.ts'
import type { Publisher } from '../../../core/publisher.ts'
import type { AnnotationDraft } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { publishingClientId } from '../../../identity/principal.ts'
import { readAnnotations } from '../wire/annotation-reader.ts'
import { signedExtras } from '../rest/publish.ts'
import type { ClientFrame } from '../wire/frame-reader.ts'
import type { MessageLimits } from '../wire/members.ts'
import type { Client } from './client.ts'
import type { Accepted } from './publishing.ts'
import { type ChannelGate, type Target, targetOf } from './target.ts'

export interface AnnotatingParts {
  readonly gate: ChannelGate
  readonly publisher: Publisher
  readonly limits: MessageLimits
}

type AnnotationFrame = Extract<ClientFrame, { kind: 'annotation' }>

const WISH = { operation: 'annotation-publish', mode: MODE.annotationPublish } as const

export class Annotating {
  readonly #parts: AnnotatingParts

  constructor(parts: AnnotatingParts) {
    this.#parts = parts
  }

  annotate(client: Client, frame: AnnotationFrame): Result<Accepted> {
    const { gate, publisher } = this.#parts
    const target = targetOf(client, frame.channel, WISH)
    if (!target.ok) return target
    const drafts = this.#drafts(client, target.value, frame)
    if (!drafts.ok) return drafts
    const isIdentified = drafts.value.every(({ clientId }) => clientId !== undefined)
    const refusal = gate.refuse(client, target.value, isIdentified)
    if (refusal) return { ok: false, failure: refusal }
    const { id: connectionId } = client.connection
    const id = `${connectionId}:${frame.msgSerial}`
    const receipt = publisher.annotate(target.value.ref, drafts.value, { connectionId, id })
    if (!receipt.ok) return receipt
    const { kept, serials } = receipt.value
    return ok({ contents: drafts.value, serials, kept })
  }

  #drafts(
    { connection: { id: connectionId, identified, principal } }: Client,
    { ref }: Target,
    { annotations }: AnnotationFrame,
  ): Result<readonly AnnotationDraft[]> {
    const { limits } = this.#parts
    const read = readAnnotations(annotations, undefined, { connectionId, limits })
    if (!read.ok) return read
    const visitor = { principal, channel: ref, secure: identified.secure }
    const drafts: AnnotationDraft[] = []
    for (const draft of read.value) {
      const clientId = publishingClientId(principal, draft.clientId)
      if (!clientId.ok) return clientId
      if (clientId.value === undefined && needsClientId(draft.type))
        return fail('identity_required', 'annotations of this type are counted by client')
      const extras = signedExtras(draft.extras, visitor)
      drafts.push({ ...draft, clientId: clientId.value, extras })
    }
    return ok(drafts)
  }
}
