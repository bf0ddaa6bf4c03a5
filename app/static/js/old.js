// Runs only where modules do not: in browsers older than the academy supports. ES5 on purpose.
(function () {
  var notice = document.getElementById("too-old");
  if (notice) notice.hidden = false;
})();
