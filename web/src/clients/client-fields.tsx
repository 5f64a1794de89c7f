import { Field } from "../design/components";
import { t } from "../lib/i18n";
import type { ClientForm, FieldName } from "./client";

export function fieldLabel(name: FieldName): string {
  switch (name) {
    case "name":
      return t("client-name");
    case "email":
      return t("client-email");
    case "phone":
      return t("client-phone");
    case "address":
      return t("client-address");
    case "postcode":
      return t("client-postcode");
    case "city":
      return t("client-city");
    case "vat_number":
      return t("client-vat");
    case "note":
      return t("client-note");
  }
}

interface Props {
  form: ClientForm;
  onChange: (form: ClientForm) => void;
  /** Only what an invoice needs, for a dialog. */
  short?: boolean;
}

export function ClientFields({ form, onChange, short }: Props) {
  const field = (name: FieldName, more: object = {}) => (
    <Field label={fieldLabel(name)} value={form[name]} maxLength={name === "note" ? 2_000 : 200} autoComplete="off" onValue={(value) => onChange({ ...form, [name]: value })} {...more} />
  );
  return (
    <>
      {field("name", { required: true, autofocus: true })}
      <div class="two">
        {field("email", { type: "email" })}
        {field("phone", { type: "tel" })}
      </div>
      {field("address")}
      <div class="two">
        {field("postcode")}
        {field("city")}
      </div>
      {!short && field("vat_number")}
      {!short && field("note")}
    </>
  );
}
