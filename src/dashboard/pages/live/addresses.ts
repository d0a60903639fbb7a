/** Addresses of the live pages: names of channels may be anything, so they stand in the query. */
import type { ChannelRef } from '../../../core/types.ts'
import type { Account } from '../../../service/accounts/accounts.ts'
import type { LiveService } from '../../../service/live/live.ts'

/** A channel as it stands in an address. */
export interface ChannelAddress {
  readonly name: string
  readonly appId?: string | undefined
}

/** A channel, and the way it is named in addresses. */
export interface VisibleChannel extends ChannelAddress {
  readonly ref: ChannelRef
}

/**
 * A channel that somebody may see, be it in use or not; undefined for any other.
 * @param sees the account whose channels are seen; undefined for those of all
 * @param app empty for the commons
 */
export function visibleChannel(
  live: LiveService,
  sees: Account | undefined,
  name: string,
  app: string,
): VisibleChannel | undefined {
  if (name === '') return undefined
  const ref = live.refOf(name, app === '' ? undefined : app)
  if (!live.maySee(sees, ref)) return undefined
  // A shared channel is one of its app, however it was named.
  return { name, ref, appId: ref.realm === '' ? undefined : ref.realm }
}

/** The fields of an address that name a channel. */
export function channelQuery({
  name,
  appId,
}: ChannelAddress): Readonly<Record<string, string | undefined>> {
  return { name, app: appId }
}

export function channelPath(address: ChannelAddress): string {
  return withQuery('/live/channel', channelQuery(address))
}

export function withQuery(
  path: string,
  fields: Readonly<Record<string, string | undefined>>,
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined && value !== '') query.set(name, value)
  return query.size === 0 ? path : `${path}?${query}`
}
