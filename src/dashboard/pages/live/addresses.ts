/** Addresses of the live pages: names of channels may be anything, so they stand in the query. */

/** A channel as it stands in an address. */
export interface Named {
  readonly name: string
  readonly appId?: string | undefined
}

export function channelPath({ name, appId }: Named): string {
  return withQuery('/live/channel', { name, app: appId })
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
