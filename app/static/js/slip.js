// The code of a scanned slip stands behind the # of the address, which browsers never send: it goes into the field,
// and out of the address. Without scripts it is typed.
const field = document.querySelector("#code");
const code = decodeURIComponent(location.hash.slice(1));

if (field && code) {
  field.value = code;
  history.replaceState(null, "", location.pathname);
  field.form.querySelector("button[type=submit]").focus();
}
