/** Chooses the account that something will belong to, where there is more than one. */
/** @jsxImportSource hono/jsx */
import type { Account } from '../../service/accounts/accounts.ts'

export function AccountChoice({
  accounts,
  selected,
}: {
  accounts: readonly Account[]
  selected: string
}) {
  if (accounts.length < 2) return <></>
  return (
    <div class="field">
      <label for="account">Account</label>
      <select class="select" id="account" name="account">
        {accounts.map(({ id, name, role }) => (
          <option value={id} selected={id === selected}>
            {name}
            {role === 'owner' && ' (this server’s own)'}
          </option>
        ))}
      </select>
    </div>
  )
}
