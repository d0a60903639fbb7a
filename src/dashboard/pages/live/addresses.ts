/** Addresses of the live pages: names of channels may be anything, so they stand in the query. */
import type { ChannelRef } from '../../../core/types.ts'

/** A channel as it stands in an address. */
export interface Named {
  readonly name: string
  readonly appId?: string | undefined
}

/** A channel, and the way it is named in addresses. */
export interface Place extends Named {
  readonly ref: ChannelRef
}

/** The fields of an address that name a channel. */
export function addressed({ name, appId }: Named): Readonly<Record<string, string | undefined>> {
  return { name, app: appId }
}

export function channelPath(named: Named): string {
  return withQuery('/live/channel', addressed(named))
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
