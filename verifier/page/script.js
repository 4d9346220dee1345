(function(){var b=document.body,r=b.dataset.receipt;
if(r&&location.pathname!==r)history.replaceState(null,"",r+location.hash);
var p=document.getElementById("place");
if(p&&navigator.geolocation){p.hidden=false;p.querySelector("button").onclick=function(){var o=p.querySelector("output");
navigator.geolocation.getCurrentPosition(function(g){fetch("/api/v1/scans/"+r.slice(3)+"/location",{method:"POST",headers:{"content-type":"application/json"},
body:JSON.stringify({lat:g.coords.latitude,lon:g.coords.longitude,accuracy_m:g.coords.accuracy})}).then(function(a){o.textContent=a.ok?p.dataset.thanks:p.dataset.failed})},
function(){o.textContent=p.dataset.failed})}}})()
