/** Operations on the live objects of channels, as they are proposed. */
import type { Result } from '../../failure.ts'
import { type ObjectsEntry, NO_SOCKET } from '../channel/entry.ts'
import type { Channel } from '../channel/channel.ts'
import type { Receipt } from '../channel/receipt.ts'
import { readHistory } from '../history/history.ts'
import type { IdSource } from '../id-source.ts'
import { MAX_OBJECT_BYTES } from '../objects/checks.ts'
import type { ChannelObjects } from '../objects/channel-objects.ts'
import type { ObjectLoading } from '../objects/loading.ts'
import type { ObjectLog } from '../objects/object-log.ts'
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
  /** What keeps the objects of all channels, whatever their rules. */
  readonly log: Pick<ObjectLog, 'objectRefusal'>
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

  /** The objects of a channel as they are now. @throws HistoryFault where they cannot be read */
  of(channel: Channel): ChannelObjects {
    return this.#parts.loading.of(channel)
  }

  /** The same of a channel that nobody may have opened: reading opens none. */
  read(ref: ChannelRef): Result<ChannelObjects> {
    const { loading, registry } = this.#parts
    const channel = registry.channel(ref)
    return readHistory(() => (channel ? loading.of(channel) : loading.read(ref)))
  }

  /** Applies all operations or none. Their right to it has been decided. */
  change(ref: ChannelRef, drafts: readonly ObjectDraft[], by: Publishing): Soon<Result<Receipt>> {
    const { ids, log, proposals, registry } = this.#parts
    const why = log.objectRefusal(ref.realm, drafts.some(addsSomething))
    if (why) return { ok: false, failure: why }
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

function addsSomething({ operation: { action } }: ObjectDraft): boolean {
  return action === 'map.set' || action === 'map.create' || action === 'counter.create'
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
