/** Addresses of the live pages. A channel's name may hold any character, so it is in the query. */
import type { ChannelRef } from '../../../core/types.ts'
import type { Account } from '../../../service/accounts/accounts.ts'
import type { LiveService } from '../../../service/live/live.ts'

/** The name of a channel in an address. */
export interface ChannelAddress {
  readonly name: string
  readonly appId?: string | undefined
}

/** A channel that the signed-in account may see, with its name in addresses. */
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
  // A linked channel belongs to its app, whichever way it was named.
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
