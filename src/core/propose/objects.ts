/** Operations on the live objects of channels, as they are proposed. */
import { type Result, ok } from '../../failure.ts'
import { type ObjectsEntry, NO_SOCKET } from '../channel/entry.ts'
import type { Channel } from '../channel/channel.ts'
import type { Receipt } from '../channel/receipt.ts'
import type { IdSource } from '../id-source.ts'
import { MAX_OBJECT_BYTES } from '../objects/checks.ts'
import { ChannelObjects } from '../objects/channel-objects.ts'
import type { ObjectLoading } from '../objects/loading.ts'
import type { ObjectDraft } from '../objects/operation.ts'
import type { Registry } from '../registry/registry.ts'
import { type Soon, andThen } from '../soon.ts'
import type { ChannelRef } from '../types.ts'
import type { Proposals } from './proposals.ts'
import type { Publishing } from './publisher.ts'

export interface ObjectsParts {
  readonly registry: Registry
  readonly proposals: Proposals
  readonly ids: IdSource
  readonly loading: ObjectLoading
  /** The name under which serials of this server, or of all its nodes together, are known for ever. */
  readonly siteCode: string
}

const ID_LENGTH = 12

export class Objects {
  readonly siteCode: string
  readonly #parts: ObjectsParts

  constructor(parts: ObjectsParts) {
    this.siteCode = parts.siteCode
    this.#parts = parts
  }

  /** The objects of a channel as they are now. */
  of(channel: Channel): ChannelObjects {
    return this.#parts.loading.of(channel)
  }

  /** The same of a channel that nobody may have opened: reading opens none. */
  read(ref: ChannelRef): Result<ChannelObjects> {
    const channel = this.#parts.registry.channel(ref)
    return ok(channel ? this.of(channel) : new ChannelObjects())
  }

  /** Applies all operations or none. Their right to it has been decided. */
  change(ref: ChannelRef, drafts: readonly ObjectDraft[], by: Publishing): Soon<Result<Receipt>> {
    const { ids, proposals, registry } = this.#parts
    const entry: ObjectsEntry = {
      kind: 'objects',
      drafts,
      id: by.id ?? ids.next(ID_LENGTH),
      repeatId: repeatIdOf(drafts, by),
      connectionId: by.connectionId,
      siteCode: this.siteCode,
      maxBytes: MAX_OBJECT_BYTES,
    }
    return andThen(registry.open(ref), (opened) =>
      opened.ok ? proposals.propose(opened.value, entry, by.except ?? NO_SOCKET) : opened,
    )
  }
}

/** Operations that come again count once. Their ids are apart from those of messages and annotations. */
function repeatIdOf(
  drafts: readonly ObjectDraft[],
  { idScope = '' }: Publishing,
): string | undefined {
  const ids = drafts.map(({ id }) => id)
  // As JSON, because ids may have any character in them.
  return ids.includes(undefined) ? undefined : `${idScope}\nobjects\n${JSON.stringify(ids)}`
}
