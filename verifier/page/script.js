(function(){var d=document,r=d.body.dataset.receipt,i=function(n){return d.getElementById(n)};
if(r&&location.pathname!==r)history.replaceState(null,"",r+location.search+location.hash);
var l=i("listen"),s=window.speechSynthesis;
if(l&&s){l.hidden=false;l.onclick=function(){if(s.speaking){s.cancel();return}
var t=[].map.call(d.querySelectorAll("h1,.advice,.why li,.recall p"),function(e){return e.textContent}).join(". "),u=new SpeechSynthesisUtterance(t);
u.lang=d.documentElement.lang==="en"?"en-US":"vi-VN";s.speak(u)}}
var p=i("where");
if(p&&r&&navigator.geolocation){p.hidden=false;p.querySelector("button").onclick=function(){var o=p.querySelector("output"),f=function(){o.textContent=p.dataset.failed};
navigator.geolocation.getCurrentPosition(function(g){fetch("/api/v1/scans/"+r.slice(3)+"/location",{method:"POST",headers:{"content-type":"application/json"},
body:JSON.stringify({lat:g.coords.latitude,lon:g.coords.longitude,accuracy_m:g.coords.accuracy})}).then(function(a){if(a.ok)o.textContent=p.dataset.thanks;else f()},f)},f)}}})()
