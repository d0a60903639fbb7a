/** The name of an API key, `appId.keyId`, in its parts. */
export interface KeyName {
  readonly appId: string
  /** Empty where the text is the id of an app alone. */
  readonly keyId: string
}

/** Never fails: ids that do not exist are found out where they are looked up. */
export function parseKeyName(name: string): KeyName {
  const dot = name.indexOf('.')
  return dot < 0
    ? { appId: name, keyId: '' }
    : { appId: name.slice(0, dot), keyId: name.slice(dot + 1) }
}
