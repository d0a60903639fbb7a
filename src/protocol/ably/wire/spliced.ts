/** Objects with members that are JSON text already, which is inserted into frames as it is. */
import type { JsonText } from '../../../core/types.ts'

type Members = Readonly<Record<string, unknown>>
type Texts = Readonly<Record<string, JsonText | undefined>>

export class Spliced {
  readonly members: Members
  /** Members as JSON text; none of them is in `members` too. */
  readonly texts: Texts

  constructor(members: Members, texts: Texts) {
    this.members = members
    this.texts = texts
  }

  /** The same object with further members. */
  with(members: Members): Spliced {
    return new Spliced({ ...this.members, ...members }, this.texts)
  }

  toText(): JsonText {
    return splice(this.members, this.texts)
  }
}

/** The object for `encode`. */
export type WireValue = Members | Spliced

/** The JSON text of an object; undefined members are left out. */
export function splice(members: Members, texts: Texts): JsonText {
  let text = JSON.stringify(members).slice(0, -1)
  for (const name in texts) {
    const member = texts[name]
    if (member === undefined) continue
    text += `${text === '{' ? '' : ','}${JSON.stringify(name)}:${member}`
  }
  return `${text}}`
}

/** The JSON text of a list. */
export function listText(items: readonly WireValue[]): JsonText {
  const texts = items.map((item) =>
    item instanceof Spliced ? item.toText() : JSON.stringify(item),
  )
  return `[${texts.join(',')}]`
}
